import { formatJson } from "../core/json.ts";
import type { Transport } from "../core/transport.ts";

const NOTHING = Buffer.alloc(0);
const COMMA = 0x2c;
const LINE_END = 0x0a;
const MESSAGE = { before: Buffer.from(",\n"), after: NOTHING };
const OTHER = { before: Buffer.from("\n"), after: NOTHING };

/** Most messages in one answer. */
const MAX_MESSAGES = 1_000;

/** Most bytes of messages in one answer; one message it takes whatever its size. */
const MAX_BYTES = 1_048_576;

/**
 * A long-poll stream in pieces, which {@link PollAnswer} makes into answers: each message is `,`
 * and a line, any other event a line. No event has a line end inside, so messages can be counted
 * and cut without being parsed, and their bytes are shared by all polls that get them.
 */
export const pollTransport: Transport = {
  name: "poll",
  key: "poll",
  recycles: false,
  contentType: "application/json; charset=utf-8",
  preamble: () => NOTHING,
  wrap: ({ type }) => (type === "message" ? MESSAGE : OTHER),
  epilogue: NOTHING,
  heartbeat: NOTHING,
};

/** What one poll is answered. */
export class PollAnswer {
  readonly #messages: Buffer[] = [];
  readonly #gaps: unknown[] = [];
  #count = 0;
  #bytes = 0;
  /** Whether there was more than it takes. */
  #cut = false;
  #reason: string | null = null;
  #text: string | null = null;
  #stop: 0 | 1 = 0;

  /** Whether there is something to say. */
  get hasContent(): boolean {
    return this.#count > 0 || this.#gaps.length > 0 || this.#reason !== null;
  }

  /** Whether it takes no more. */
  get isFull(): boolean {
    return this.#cut || this.#count >= MAX_MESSAGES || this.#bytes >= MAX_BYTES;
  }

  /** @param piece of {@link pollTransport}, one or several messages or one other event */
  add(piece: Buffer): void {
    if (piece[0] === COMMA) this.#addMessages(piece);
    else if (piece[0] === LINE_END) this.#addEvent(JSON.parse(piece.toString()));
  }

  /**
   * The stream has ended.
   *
   * @param text what was said with the close; null for nothing
   */
  end(reason: string, stop: 0 | 1, text: string | null): void {
    this.#reason = reason;
    this.#stop = stop;
    this.#text = text;
  }

  /**
   * The answer's bytes, most of them shared.
   *
   * @param cursor everything up to here is in the answer, or was not wanted; the answer gives an
   *   earlier cursor if it had to leave messages out
   * @param isAtTip whether nothing more was kept at `cursor`
   */
  format(stream: string, cursor: string, { isAtTip = false } = {}): readonly Buffer[] {
    const [first, ...others] = this.#messages;
    const reached = (this.#cut && this.#lastId()) || cursor;
    const head = `{"stream":${JSON.stringify(stream)},"cursor":"${reached}","messages":[`;
    const said = this.#text === null ? {} : { text: this.#text };
    const live = isAtTip && !this.#cut;
    const tail = { gaps: this.#gaps, live, stop: this.#stop, reason: this.#reason, ...said };
    return [
      Buffer.from(head),
      ...(first === undefined ? [] : [first.subarray(1), ...others]),
      Buffer.from(`],${formatJson(tail).slice(1)}`),
    ];
  }

  #addMessages(piece: Buffer): void {
    let end = 0;
    while (end < piece.length && !this.isFull) {
      // A message is `,`, a line end and its JSON: the next one begins before the next line end.
      const nextLine = piece.indexOf(LINE_END, end + 2);
      const nextMessage = nextLine < 0 ? piece.length : nextLine - 1;
      const bytes = nextMessage - end;
      if (this.#count > 0 && this.#bytes + bytes > MAX_BYTES) break;
      this.#bytes += bytes;
      this.#count++;
      end = nextMessage;
    }
    if (end > 0) this.#messages.push(piece.subarray(0, end));
    if (end < piece.length) this.#cut = true;
  }

  #addEvent(event: {
    readonly type: string;
    readonly reason?: string;
    readonly reconnect?: boolean;
    readonly text?: string;
  }) {
    if (event.type === "gap") this.#gaps.push(event);
    if (event.type !== "close") return;
    const { reason, reconnect, text = null } = event;
    this.end(String(reason), reconnect ? 0 : 1, text);
  }

  #lastId(): string | undefined {
    const last = this.#messages.at(-1);
    if (last === undefined) return undefined;
    const line = last.subarray(last.lastIndexOf(LINE_END) + 1);
    return /"id":"([^"]+)"/.exec(line.toString("utf8", 0, 200))?.[1];
  }
}
