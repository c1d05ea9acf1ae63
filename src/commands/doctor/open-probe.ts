import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

/** A probe keeps this many characters: no server has to be believed about its length. */
const MAX_CHARACTERS = 1_048_576;

/** A probe is cut after this many pieces: a heartbeat every 50 ms makes 72,000 in an hour. */
const MAX_PIECES = 100_000;

/** Between what the events of a transport stand in its text. */
const EVENTS = {
  frame: { start: "<script>parent.push(", end: ")</script>", isLine: false },
  sse: { start: "data:", end: "\n", isLine: true },
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
  readonly #marks: (typeof EVENTS)[keyof typeof EVENTS];
  /** Everything before this index of the text has been looked at. */
  #from = 0;
  /** Where the JSON of the event begins that is not whole yet; null for none. */
  #begun: number | null = null;
  readonly #request: ReturnType<typeof httpRequest>;
  #onChange = () => {};

  constructor(transport: keyof typeof EVENTS, url: URL, headers: Readonly<Record<string, string>>) {
    this.#marks = EVENTS[transport];
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
      if (this.text.length < MAX_CHARACTERS) {
        this.text += piece;
        this.#findEvents();
      }
      if (this.pieces.length >= MAX_PIECES) this.destroy();
      this.#onChange();
    });
    response.on("error", (error) => this.#end(error.message));
    response.on("close", () => this.#end(response.complete ? null : "the connection was cut"));
    this.#onChange();
  }

  #findEvents(): void {
    for (let json = this.#next(); json !== null; json = this.#next()) {
      try {
        const event = JSON.parse(json) as ProbeEvent;
        this.events.push({ ...event, endsAt: this.#from, at: performance.now() });
      } catch {
        // Not an event of ours: a proxy may have put something of its own in here.
      }
    }
  }

  /** The JSON of the next event that is whole. Nothing is looked at twice. */
  #next(): string | null {
    const { start, end } = this.#marks;
    while (this.#begun === null) {
      const at = this.#find(start);
      if (at === null) return null;
      if (!this.#marks.isLine || at === 0 || this.text[at - 1] === "\n") this.#begun = this.#from;
    }
    const at = this.#find(end);
    if (at === null) return null;
    const json = this.text.slice(this.#begun, at);
    this.#begun = null;
    return json;
  }

  /** Go on behind the next of these marks; or to where it may be cut off, if it is not there. */
  #find(mark: string): number | null {
    const at = this.text.indexOf(mark, this.#from);
    if (at !== -1) this.#from = at + mark.length;
    else this.#from = Math.max(this.#from, this.text.length - mark.length + 1);
    return at === -1 ? null : at;
  }

  #end(fault: string | null): void {
    if (this.endedAt !== null) return;
    this.endedAt = performance.now();
    this.fault = fault;
    this.#onChange();
  }
}
