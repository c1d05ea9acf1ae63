import type { WireEvent } from "../support/raw-http.ts";

/** A transport that chaos clients read. */
export type ChaosTransport = "frame" | "ndjson";

const NOTHING = Buffer.alloc(0);
const FRAME_BEFORE = "<script>parent.push(";
const FRAME_AFTER = ")</script>";

/** Reads one response as its bytes come: the head, the chunks, and the events that are complete. */
export class EventReader {
  readonly #transport: ChaosTransport;
  /** 0 until the head has come. */
  status = 0;
  #chunked = false;
  /** Bytes of the head or the chunks that were not taken apart yet. */
  #raw: Buffer = NOTHING;
  /** Bytes of the current chunk that are still to come, its CRLF included. */
  #chunkLeft = 0;
  /** Bytes of the body after the last complete event. */
  #body: Buffer = NOTHING;
  /** Whether the head of a frame's document, which has a script of its own, is over. */
  #started = false;

  constructor(transport: ChaosTransport) {
    this.#transport = transport;
  }

  /** What has come of the body of a refusal, or of an event that is not complete. */
  get rest(): string {
    return this.#body.toString();
  }

  /**
   * Take the next bytes.
   *
   * @returns the events that are complete by them
   * @throws Error where there is something other than events
   */
  read(bytes: Buffer): readonly WireEvent[] {
    this.#raw = this.#raw.length === 0 ? bytes : Buffer.concat([this.#raw, bytes]);
    if (this.status === 0 && !this.#readHead()) return [];
    const parts = this.#chunked ? this.#readChunks() : [this.#raw.subarray()];
    if (!this.#chunked) this.#raw = NOTHING;
    this.#body = Buffer.concat([this.#body, ...parts]);
    if (this.status !== 200) return [];
    return this.#transport === "frame" ? this.#readScripts() : this.#readLines();
  }

  #readHead(): boolean {
    const end = this.#raw.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#raw.toString("latin1", 0, end);
    this.#raw = this.#raw.subarray(end + 4);
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
    if (status === undefined) throw new Error(`the answer starts with ${head.slice(0, 80)}`);
    this.status = Number(status);
    this.#chunked = /\r\ntransfer-encoding: chunked/i.test(head);
    return true;
  }

  #readChunks(): readonly Buffer[] {
    const parts: Buffer[] = [];
    for (;;) {
      if (this.#chunkLeft > 0) {
        const taken = this.#raw.subarray(0, this.#chunkLeft);
        this.#raw = this.#raw.subarray(taken.length);
        // The last two bytes of a chunk are the CRLF behind it.
        parts.push(taken.subarray(0, Math.max(0, Math.min(taken.length, this.#chunkLeft - 2))));
        this.#chunkLeft -= taken.length;
        if (this.#chunkLeft > 0) return parts;
      }
      const line = this.#raw.indexOf("\r\n");
      if (line < 0) return parts;
      const size = this.#raw.toString("latin1", 0, line);
      if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`"${size.slice(0, 80)}" is no chunk's size`);
      this.#raw = this.#raw.subarray(line + 2);
      this.#chunkLeft = Number.parseInt(size, 16) + 2;
    }
  }

  #readLines(): readonly WireEvent[] {
    const lines = this.#takeUntil(this.#body.lastIndexOf("\n") + 1).split("\n");
    return lines.filter((line) => line !== "").map(parseEvent);
  }

  #readScripts(): readonly WireEvent[] {
    if (!this.#started) {
      const first = this.#body.indexOf(FRAME_BEFORE);
      if (first < 0) return [];
      this.#body = this.#body.subarray(first);
      this.#started = true;
    }
    const end = this.#body.lastIndexOf(FRAME_AFTER);
    if (end < 0) return [];
    return this.#takeUntil(end + FRAME_AFTER.length)
      .split(FRAME_AFTER)
      .slice(0, -1)
      .map((text) => {
        const start = text.indexOf(FRAME_BEFORE);
        const between = start < 0 ? text : text.slice(0, start);
        // Heartbeats.
        if (start < 0 || between.trim() !== "")
          throw new Error(`"${between.slice(0, 80)}" stands between two events`);
        return parseEvent(text.slice(start + FRAME_BEFORE.length));
      });
  }

  #takeUntil(end: number): string {
    const text = this.#body.toString("utf8", 0, end);
    this.#body = this.#body.subarray(end);
    return text;
  }
}

function parseEvent(json: string): WireEvent {
  try {
    return JSON.parse(json) as WireEvent;
  } catch {
    throw new Error(`an event is no JSON: ${json.slice(0, 80)} ... ${json.slice(-80)}`);
  }
}
