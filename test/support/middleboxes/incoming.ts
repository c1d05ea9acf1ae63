import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { createGunzip } from "node:zlib";

/** An answer that comes bit by bit; errors of its connection end it. */
export class Incoming {
  /** 0 until its head is there. */
  status = 0;
  /** What has come so far, without compression. */
  text = "";
  ended = false;
  readonly #drop: () => void;
  readonly #watchers = new Set<() => void>();

  /** @param drop ends it without a word */
  constructor(drop: () => void) {
    this.#drop = drop;
  }

  /** For who sends it: its head, and what its body comes from. */
  begin(status: number, headers: IncomingHttpHeaders, body: Readable): void {
    this.status = status;
    const decoder = new StringDecoder("utf8");
    const isPacked = headers["content-encoding"] === "gzip";
    const plain = isPacked ? body.pipe(createGunzip()) : body;
    plain.on("data", (piece: Buffer) => {
      this.text += decoder.write(piece);
      this.#tell();
    });
    for (const stream of new Set([body, plain]))
      for (const event of ["end", "error", "close"]) stream.on(event, () => this.end());
    this.#tell();
  }

  /** For who sends it: nothing more comes. */
  end(): void {
    this.ended = true;
    this.#tell();
  }

  /** Wait until `done`, looking whenever something has come; false when that takes too long. */
  until(ms: number, done: () => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (isDone: boolean) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(isDone);
      };
      const look = () => done() && finish(true);
      const timer = setTimeout(finish, ms, false);
      this.#watchers.add(look);
      look();
    });
  }

  destroy(): void {
    this.#drop();
  }

  #tell(): void {
    for (const look of [...this.#watchers]) look();
  }
}
