import { ForeverframeError } from "../errors.ts";
import type { Bus, StreamKnowledge } from "./bus.ts";
import type { Cursor } from "./cursor.ts";
import type { CloseReason } from "./events.ts";
import type { LocalPeer } from "./local-peer.ts";
import type { Receipt } from "./receipts.ts";

/** What control works on. */
export interface ControlOptions {
  readonly bus: Bus;
  readonly local: LocalPeer;
}

/** What is asked about one stream by its id, on a connection of its own: in whichever process the stream is. */
export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /**
   * Close a stream.
   *
   * @returns its receipt, the same again while receipts are kept; null if it is unknown
   */
  async close(stream: string, reason: CloseReason): Promise<Receipt | null> {
    const here = await this.#options.local.close(stream, reason);
    if (here !== null) return here;
    const answers = await this.#options.bus.ask("close", stream, reason);
    return answers.find((answer) => answer !== null) ?? null;
  }

  /**
   * The client of a stream has handled everything up to `cursor`.
   *
   * @throws ForeverframeError FF_STREAM_UNKNOWN, FF_CURSOR_INVALID: it was not given that much
   */
  async acknowledge(id: string, cursor: Cursor): Promise<void> {
    const here = await this.#options.local.acknowledge(id, cursor);
    const answers = here === null ? await this.#options.bus.ask("acknowledge", id, cursor) : [here];
    const answer = answers.find((one) => one !== null);
    if (answer === undefined) {
      throw new ForeverframeError(
        "FF_STREAM_UNKNOWN",
        "The stream is not open here: open one, and go on from your cursor",
      );
    }
    if (answer) return;
    throw new ForeverframeError(
      "FF_CURSOR_INVALID",
      `"${cursor}" is beyond what the stream was given: acknowledge the id or cursor of an event that came`,
    );
  }

  /** What is known of a stream. */
  async state(stream: string): Promise<StreamKnowledge> {
    const here = await this.#options.local.state(stream);
    if (here.state !== "unknown") return here;
    const answers = await this.#options.bus.ask("state", stream);
    return answers.find(({ state }) => state !== "unknown") ?? here;
  }
}
