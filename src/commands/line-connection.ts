import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

/**
 * A server, or what is before it, has this long to begin its answer before the lines come, in ms.
 */
const HEAD_MS = 2_000;

/** Longest wait for the answer to a line, in ms. */
const ANSWER_MS = 15_000;

/** Longest answer that is read. */
const MAX_ANSWER_CHARACTERS = 65_536;

/** A line to publish, with the key by which it is stored once however often it is sent. */
export interface KeyedLine {
  readonly channel: string;
  /** JSON on one line. */
  readonly data: string;
  readonly key: string;
}

/** What the server says of a line: that it has it, or why not. */
export interface LineAnswer {
  /** Of the message; null for a line that was refused. */
  readonly id: string | null;
  /** Status of the refusal; 201 for a line that was taken. */
  readonly status: number;
  /** A sentence for people; empty for a line that was taken. */
  readonly detail: string;
}

/** A publish connection, as `foreverframe publish` has it: `POST /publish` of docs/protocol.md. */
export class LineConnection {
  readonly #request: ClientRequest;
  #rest = "";
  #answers: LineAnswer[] = [];
  #isBroken = false;
  /** Called when an answer has come, or none will. */
  #onNews = () => {};

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    const onBroken = () => {
      this.#isBroken = true;
      this.#onNews();
    };
    request.on("error", onBroken);
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#read(text));
    response.on("error", onBroken);
    response.on("close", onBroken);
  }

  /**
   * Open one. Resolves with null where the server does not know such connections, refuses this one,
   * or something on the way keeps what is sent until its end.
   *
   * @param headers besides those that belong to it
   */
  static open(url: URL, headers: Readonly<Record<string, string>>): Promise<LineConnection | null> {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const type = { "Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked" };
    const request = send(url, { method: "POST", headers: { ...type, ...headers }, agent: false });
    return new Promise((resolve) => {
      const giveUp = () => {
        clearTimeout(timer);
        request.destroy();
        resolve(null);
      };
      const timer = setTimeout(giveUp, HEAD_MS);
      request.on("error", giveUp);
      request.once("response", (response) => {
        const { statusCode, headers: answered } = response;
        const isLines = /^application\/x-ndjson\b/.test(answered["content-type"] ?? "");
        if (statusCode !== 200 || !isLines) return giveUp();
        clearTimeout(timer);
        request.off("error", giveUp);
        resolve(new LineConnection(request, response));
      });
      request.flushHeaders();
    });
  }

  /** Whether no line can be sent any more. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /**
   * Send lines, and wait until all are answered. Call it again only then.
   *
   * @returns an answer for each in their order; fewer if the connection broke
   */
  async send(lines: readonly KeyedLine[]): Promise<readonly LineAnswer[]> {
    this.#answers = [];
    if (!this.#isBroken) this.#request.write(lines.map(formatLine).join(""));
    while (this.#answers.length < lines.length && !this.#isBroken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => this.#request.destroy(), ANSWER_MS);
        this.#onNews = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#answers.slice(0, lines.length);
  }

  /** Say that no more lines come. */
  close(): void {
    this.#request.end();
  }

  /** Cut it: what was not answered never will be. */
  destroy(): void {
    this.#request.destroy();
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const answer = parseAnswer(line);
      if (answer === null)
        this.#request.destroy(); // it is no such server
      else this.#answers.push(answer);
    }
    if (this.#rest.length > MAX_ANSWER_CHARACTERS) this.#request.destroy();
    this.#onNews();
  }
}

function formatLine({ channel, data, key }: KeyedLine): string {
  return `{"channel":${JSON.stringify(channel)},"key":"${key}","data":${data}}\n`;
}

/** Null for what is no answer. */
function parseAnswer(line: string): LineAnswer | null {
  try {
    const { id, error } = JSON.parse(line);
    if (typeof id === "string") return { id, status: 201, detail: "" };
    const { status, detail } = error;
    const isError = typeof status === "number" && typeof detail === "string";
    return isError ? { id: null, status, detail } : null;
  } catch {
    return null;
  }
}
