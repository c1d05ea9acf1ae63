import type { Browser, Page } from "puppeteer-core";
import { openPage } from "../open-page.ts";
import type { Driver } from "./driver.ts";

/** A browser of today, which puppeteer drives. Its start is the tests' of browsers: browsers.ts. */
export class PuppeteerEngine implements Driver {
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #errors: string[] = [];

  static async start(browser: Browser): Promise<PuppeteerEngine> {
    return new PuppeteerEngine(browser, await openPage(browser));
  }

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.#page = page;
    page.on("pageerror", (error) => this.#errors.push(String(error)));
  }

  get pid(): number {
    return this.#browser.process()?.pid ?? 0;
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(url, { waitUntil: "domcontentloaded" });
  }

  async run(script: string): Promise<string> {
    return String(await this.#page.evaluate(script));
  }

  async reload(): Promise<void> {
    await this.#page.reload({ waitUntil: "domcontentloaded" });
  }

  async back(): Promise<void> {
    await this.#page.goBack({ waitUntil: "domcontentloaded" });
  }

  async screenshot(path: string): Promise<void> {
    await this.#page.screenshot({ path: path as `${string}.png` });
  }

  async errors(): Promise<readonly string[]> {
    return this.#errors;
  }

  async isBusy(): Promise<null> {
    return null;
  }

  async end(): Promise<void> {
    await this.#browser.close();
  }
}
