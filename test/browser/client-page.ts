import type { OpenOptions, Stream, StreamState, Transport } from "foreverframe/client";
import type { Page } from "puppeteer-core";
import { eventually } from "../support/within.ts";

/** Directory of the pages that these tests run on; for the setting `pages`. */
export const TEST_PAGES = new URL("pages/", import.meta.url).pathname;

/** Every transport that a client can be told to take. */
export const TRANSPORTS: readonly Transport[] = ["frame", "poll", "sse", "ndjson", "ws"];

/** One call of a handler. */
export interface HandlerCall {
  readonly name: string;
  /** The event, or the state. */
  readonly first: unknown;
  /** What is behind a change of state. */
  readonly second: unknown;
}

/**
 * A stream that was opened by `foreverframe.open` in a page, with a record of what its handlers are
 * told.
 */
export class PageStream {
  readonly #page: Page;
  readonly #number: number;

  private constructor(page: Page, number: number) {
    this.#page = page;
    this.#number = number;
  }

  /**
   * Open one, in a page that has loaded client.html.
   *
   * @param options as JavaScript text, where they are more than JSON
   */
  static async open(page: Page, options: OpenOptions | string): Promise<PageStream> {
    const text = typeof options === "string" ? options : JSON.stringify(options);
    return new PageStream(page, Number(await page.evaluate(`record(${text})`)));
  }

  /** Evaluate an expression with `stream` and `calls`. */
  async evaluate<T>(expression: string): Promise<T> {
    const script = `(({ stream, calls }) => (${expression}))(recordings[${this.#number}])`;
    return (await this.#page.evaluate(script)) as T;
  }

  state(): Promise<StreamState> {
    return this.evaluate("stream.state");
  }

  cursor(): Promise<Stream["cursor"]> {
    return this.evaluate("stream.cursor");
  }

  transport(): Promise<Stream["transport"]> {
    return this.evaluate("stream.transport");
  }

  close(): Promise<void> {
    return this.evaluate("void stream.close()");
  }

  calls(): Promise<readonly HandlerCall[]> {
    return this.evaluate("calls");
  }

  /** What one handler was told. */
  async told<T>(name: string): Promise<readonly T[]> {
    return (await this.calls()).filter((call) => call.name === name).map(({ first }) => first as T);
  }

  /** The states in their order, each with the reason behind it, if it has one. */
  async states(): Promise<readonly string[]> {
    const changes = (await this.calls()).filter(({ name }) => name === "onstate");
    return changes.map(({ first, second }) => {
      const { reason } = second as { readonly reason?: string | null };
      return reason ? `${first} ${reason}` : String(first);
    });
  }

  /** The data of all messages. */
  data(): Promise<readonly unknown[]> {
    return this.evaluate(
      `calls.filter(({ name }) => name === "onmessage").map(({ first }) => first.data)`,
    );
  }

  untilState(state: StreamState, ms = 10_000): Promise<unknown> {
    return eventually(ms, async () => (await this.state()) === state, `the state "${state}"`);
  }

  /** Wait until the stream is open by a transport. */
  untilOpenBy(transport: string, ms = 10_000): Promise<unknown> {
    const expression = "stream.state + ' ' + stream.transport";
    return eventually(
      ms,
      async () => (await this.evaluate(expression)) === `open ${transport}`,
      `a stream that is open by ${transport}`,
    );
  }

  /** Wait until so many messages have come. */
  untilMessages(count: number, ms = 10_000): Promise<unknown> {
    const expression = `calls.filter(({ name }) => name === "onmessage").length`;
    return eventually(
      ms,
      async () => Number(await this.evaluate(expression)) >= count,
      `${count} messages`,
    );
  }
}
