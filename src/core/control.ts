import { ForeverframeError } from "../errors.ts";
import { type Bus, known } from "./bus.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Cursor } from "./cursor.ts";
import type { LocalPeer } from "./local-peer.ts";
import type { Principal } from "./principal.ts";
import type { StreamOwner } from "./receipts.ts";
import type { StreamEcho, StreamKnowledge } from "./stream-figures.ts";
import type { Receipt } from "./summaries.ts";

/** What control works on. */
export interface ControlOptions {
  readonly bus: Bus;
  readonly local: LocalPeer;
}

/**
 * Answers requests about one stream by its id, whichever process the stream is in. Such requests
 * come on connections of their own.
 */
export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /**
   * Close a stream.
   *
   * @param text what is said to its client; null for nothing
   * @returns its receipt, the same again while receipts are kept; null if it is unknown
   * @throws ForeverframeError FF_WORKER_SILENT
   */
  async close(
    stream: string,
    reason: CloseReason,
    text: string | null = null,
  ): Promise<Receipt | null> {
    const { local, bus } = this.#options;
    const here = await local.close(stream, reason, text);
    return here ?? known(await bus.find("close", stream, reason, text));
  }

  /**
   * The client of a stream has handled everything up to `cursor`.
   *
   * @throws ForeverframeError FF_STREAM_UNKNOWN, FF_WORKER_SILENT, FF_CURSOR_INVALID: it was not
   *   given that much
   */
  async acknowledge(id: string, cursor: Cursor): Promise<void> {
    const { local, bus } = this.#options;
    const answer =
      (await local.acknowledge(id, cursor)) ?? known(await bus.find("acknowledge", id, cursor));
    if (answer === null) {
      throw new ForeverframeError(
        "FF_STREAM_UNKNOWN",
        "The stream is not open: open another one, and resume from your cursor",
      );
    }
    if (answer) return;
    throw new ForeverframeError(
      "FF_CURSOR_INVALID",
      `"${cursor}" is beyond what the stream was given: acknowledge the id or cursor of an event that came`,
    );
  }

  /**
   * The owner of a stream that is open, or was a short while ago; null if unknown.
   *
   * @throws ForeverframeError FF_WORKER_SILENT
   */
  async ownerOf(stream: string): Promise<StreamOwner | null> {
    const { local, bus } = this.#options;
    return (await local.ownerOf(stream)) ?? known(await bus.find("ownerOf", stream));
  }

  /**
   * The selectors of an open stream; null if it is not open.
   *
   * @throws ForeverframeError FF_WORKER_SILENT
   */
  async selectorsOf(stream: string): Promise<readonly string[] | null> {
    const { local, bus } = this.#options;
    return (await local.selectorsOf(stream)) ?? known(await bus.find("selectorsOf", stream));
  }

  /**
   * What allows a stream has been renewed.
   *
   * @param expiresAt Unix ms; null for never
   * @returns false if the stream is not open
   * @throws ForeverframeError FF_WORKER_SILENT
   */
  async renew(
    stream: string,
    principal: Principal | null,
    expiresAt: number | null,
  ): Promise<boolean> {
    const { local, bus } = this.#options;
    const here = await local.renew(stream, principal, expiresAt);
    return (here ?? known(await bus.find("renew", stream, principal, expiresAt))) !== null;
  }

  /**
   * What is known of a stream; null if nothing is.
   *
   * @throws ForeverframeError FF_WORKER_SILENT
   */
  async state(stream: string): Promise<StreamKnowledge | null> {
    const { local, bus } = this.#options;
    return (await local.state(stream)) ?? known(await bus.find("state", stream));
  }

  /**
   * Give a stream an event at once, and say what is known of it then; null if nothing is.
   *
   * @throws ForeverframeError FF_WORKER_SILENT
   */
  async echo(stream: string): Promise<StreamEcho | null> {
    const { local, bus } = this.#options;
    return (await local.echo(stream)) ?? known(await bus.find("echo", stream));
  }
}
