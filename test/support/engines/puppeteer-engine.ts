import type { Browser, Page } from "puppeteer-core";
import type { Driver } from "./driver.ts";

/**
 * How Firefox's protocol reports a navigation, now and then, where the page before it has a frame
 * whose document is still being loaded: it takes the end of that for the end of the navigation.
 */
const LEFT = /browsingContext\.navigate.*(?:NS_BINDING_ABORTED|Address rejected)/;

/** A browser of today, which puppeteer drives. Its start is the tests' of browsers: browsers.ts. */
export class PuppeteerEngine implements Driver {
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #errors: string[] = [];

  static async start(browser: Browser): Promise<PuppeteerEngine> {
    return new PuppeteerEngine(browser, await browser.newPage());
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
    const go = () => this.#page.goto(url, { waitUntil: "domcontentloaded" });
    await go().catch((error: unknown) => {
      if (LEFT.test(String(error))) return go();
      throw error;
    });
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
