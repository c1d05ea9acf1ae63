import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

/** A probe keeps this many characters: no server has to be believed about its length. */
const MAX_CHARACTERS = 1_048_576;

/** How the events of a transport are found in its text. */
const EVENTS = {
  frame: /<script>parent\.push\((.*?)\)<\/script>/gs,
  sse: /^data: ?(.*)\r?\n/gm,
} as const;

/** An event of the server, with what a probe needs of it. */
export interface ProbeEvent {
  readonly type: string;
  readonly stream?: string;
  readonly heartbeatMs?: number;
  readonly close?: string;
  readonly data?: unknown;
  /** Characters of the answer up to its end. */
  readonly endsAt: number;
  /** Monotonic ms at which it was whole. */
  readonly at: number;
}

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  /** Monotonic ms. */
  readonly at: number;
}

/** One stream as a page opens it, and what comes of it when. */
export class OpenProbe {
  /** Monotonic ms at which it was asked for. */
  readonly askedAt = performance.now();
  head: AnswerHead | null = null;
  /** When anything of the body came, in monotonic ms; heartbeats too. */
  readonly pieces: number[] = [];
  readonly events: ProbeEvent[] = [];
  /** When the answer was over or cut, in monotonic ms. */
  endedAt: number | null = null;
  /** Why there is no answer, or no more of it; null for none. */
  fault: string | null = null;
  text = "";
  readonly #pattern: RegExp;
  readonly #request: ReturnType<typeof httpRequest>;
  #onChange = () => {};

  constructor(transport: keyof typeof EVENTS, url: URL, headers: Readonly<Record<string, string>>) {
    this.#pattern = new RegExp(EVENTS[transport]);
    const open = url.protocol === "https:" ? httpsRequest : httpRequest;
    // What a browser accepts, and a connection of its own.
    const accept = transport === "sse" ? "text/event-stream" : "text/html";
    this.#request = open(url, {
      agent: false,
      headers: { Accept: accept, "Accept-Encoding": "gzip, deflate", ...headers },
    });
    this.#request.on("response", (response) => this.#take(response));
    this.#request.on("error", (error) => this.#end(error.message));
    this.#request.end();
  }

  /** Wait until something is so, or the answer is over, or time is; then say whether it is so. */
  async until(isSo: () => boolean, ms: number): Promise<boolean> {
    const deadline = performance.now() + ms;
    while (!isSo() && this.endedAt === null) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onChange = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return isSo();
  }

  /** The first event of a type. */
  event(type: string): ProbeEvent | undefined {
    return this.events.find((event) => event.type === type);
  }

  /** Cut the connection, as a browser does whose tab was closed. */
  destroy(): void {
    this.#request.destroy();
  }

  #take(response: IncomingMessage): void {
    const { statusCode: status = 0, httpVersion, headers } = response;
    this.head = { status, httpVersion, headers, at: performance.now() };
    response.setEncoding("utf8");
    response.on("data", (piece: string) => {
      this.pieces.push(performance.now());
      if (this.text.length < MAX_CHARACTERS) this.text += piece;
      this.#findEvents();
      this.#onChange();
    });
    response.on("error", (error) => this.#end(error.message));
    response.on("close", () => this.#end(response.complete ? null : "the connection was cut"));
    this.#onChange();
  }

  #findEvents(): void {
    for (let match = this.#next(); match !== null; match = this.#next()) {
      try {
        const event = JSON.parse(match[1] ?? "") as ProbeEvent;
        this.events.push({ ...event, endsAt: this.#pattern.lastIndex, at: performance.now() });
      } catch {
        // Not an event of ours: a proxy may have put something of its own in here.
      }
    }
  }

  /** The next event that is whole; the pattern stays where the last one ended. */
  #next(): RegExpExecArray | null {
    const from = this.#pattern.lastIndex;
    const match = this.#pattern.exec(this.text);
    if (match === null) this.#pattern.lastIndex = from;
    return match;
  }

  #end(fault: string | null): void {
    if (this.endedAt !== null) return;
    this.endedAt = performance.now();
    this.fault = fault;
    this.#onChange();
  }
}
