import { eventually, within } from "../within.ts";
import type { Driver } from "./driver.ts";

/** Longest for a new document, and for the value of an expression, in ms. */
const DOCUMENT_MS = 20_000;
const VALUE_MS = 20_000;

/** A browser engine with one page, which scripts of any age can be run in. */
export class Engine {
  readonly #driver: Driver;
  #toldErrors = 0;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** The process that was started; those of the engine are below it. */
  get pid(): number {
    return this.#driver.pid;
  }

  /** Open an address, and wait until the new document has a body. It may still be loading. */
  async open(url: string): Promise<void> {
    await this.#mark();
    await this.#driver.open(url);
    await this.#untilUnmarked(`location.href === ${JSON.stringify(url)}`, url);
  }

  /** Load the page again, and wait as for {@link open}. */
  async reload(): Promise<void> {
    await this.#mark();
    await this.#driver.reload();
    await this.#untilUnmarked("true", "the page again");
  }

  /** Go to the page before, and wait until that one is shown. */
  async back(): Promise<void> {
    const from = JSON.stringify(await this.evaluate("location.href"));
    await this.#driver.back();
    await this.until(`location.href !== ${from} && !!document.body`, "the page before");
  }

  /**
   * Evaluate an expression, which has to be ECMAScript 3.
   *
   * @returns what JSON makes of its value; null for undefined
   * @throws what it throws, or when the engine gives no answer
   */
  async evaluate(expression: string): Promise<unknown> {
    // ASCII, because some engines, and the ways to them, know no other text.
    const script = `(function () {
      try {
        var value = JSON.stringify(${expression});
        return "value " + escape(value === undefined ? "null" : value);
      } catch (error) {
        return "error " + escape(String(error && error.message || error));
      }
    })()`;
    const answer = await within(VALUE_MS, this.#driver.run(script), `the value of ${expression}`);
    const [, kind, escaped = ""] = /^(value|error) (.*)$/s.exec(answer) ?? [];
    if (kind !== "value") throw new Error(`${expression} threw ${unescape(escaped) || answer}`);
    return JSON.parse(unescape(escaped));
  }

  /** Wait until an expression is true; one that throws is not. */
  async until(expression: string, what: string, ms = DOCUMENT_MS): Promise<void> {
    const look = () => this.evaluate(expression).then(Boolean, () => false);
    await eventually(ms, look, what);
  }

  /** Write a PNG of the page. */
  screenshot(path: string): Promise<void> {
    return this.#driver.screenshot(path);
  }

  /** What scripts of pages have thrown since the last call. */
  async errors(): Promise<readonly string[]> {
    const all = await this.#driver.errors();
    const fresh = all.slice(this.#toldErrors);
    this.#toldErrors = all.length;
    return fresh;
  }

  /** Whether it shows its user that it is loading; null where that can't be told. */
  isBusy(): Promise<boolean | null> {
    return this.#driver.isBusy();
  }

  /** End all processes. */
  end(): Promise<void> {
    return this.#driver.end();
  }

  /** Leave something in the document by which it is told from the next one. */
  async #mark(): Promise<void> {
    // There may be no document yet.
    await this.evaluate("document.isLeft = true").catch(() => {});
  }

  #untilUnmarked(condition: string, what: string): Promise<void> {
    return this.until(`!document.isLeft && !!document.body && ${condition}`, what);
  }
}
