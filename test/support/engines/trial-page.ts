import type { Engine } from "./engine.ts";

/** Longest wait for what the page shows, in ms. */
const SHOWN_MS = 20_000;

/** The page for trying a stream out, or another built-in page where it has the same elements. */
export class TrialPage {
  readonly #engine: Engine;

  private constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Open one. @param url of the page, with what it is told in the query */
  static async open(engine: Engine, url: string): Promise<TrialPage> {
    await engine.open(url);
    return new TrialPage(engine);
  }

  /** The text of an element. */
  async text(id: string): Promise<string> {
    return String(await this.#engine.evaluate(textOf(id)));
  }

  /** Wait until the text of an element is this one. */
  untilText(id: string, text: string, ms = SHOWN_MS): Promise<void> {
    const condition = `${textOf(id)} === ${JSON.stringify(text)}`;
    return this.#engine.until(condition, `"${text}" in #${id} of the page`, ms);
  }

  /** Wait until the stream is open by a transport. */
  async untilOpenBy(transport: string, ms = SHOWN_MS): Promise<void> {
    const condition = `${textOf("state")} === "open" && ${textOf("transport")} === "${transport}"`;
    await this.#engine.until(condition, `a page that is open by ${transport}`, ms);
  }

  /** Wait until so many messages have been shown. */
  untilCount(count: number, ms = SHOWN_MS): Promise<void> {
    return this.untilText("count", String(count), ms);
  }

  /** Press a button. */
  async press(id: string): Promise<void> {
    await this.#engine.evaluate(`document.getElementById("${id}").click()`);
  }

  /**
   * What a column of a table's rows shows, from the oldest to the newest.
   *
   * @param id of the table's body, which has the newest row on top
   */
  async column(id: string, column: number): Promise<readonly string[]> {
    const expression = `(function (rows) {
      var texts = [];
      for (var i = rows.length - 1; i >= 0; i--) texts.push(rows[i].cells[${column}].textContent);
      return texts;
    })(document.getElementById("${id}").rows)`;
    return (await this.#engine.evaluate(expression)) as string[];
  }

  /** How many entries the page's history has. */
  async historyLength(): Promise<number> {
    return Number(await this.#engine.evaluate("history.length"));
  }
}

const textOf = (id: string) => `document.getElementById("${id}").textContent`;
