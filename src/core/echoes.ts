import { echoEvent } from "./events.ts";
import type { Stream } from "./stream.ts";

/** A stream is given one event at most in this time because its client asks for one, in ms. */
const ECHO_EVERY_MS = 1_000;

/**
 * Gives streams the `cursor` events that their clients ask for on another connection, to see
 * whether the path hands them on.
 */
export class Echoes {
  /** Monotonic ms of each stream's last one. */
  readonly #givenAt = new WeakMap<Stream, number>();

  /**
   * Give a stream an event at once.
   *
   * @param now monotonic ms
   * @returns whether it was given: not to a poll, nor where the connection is full, nor twice in a
   *   second
   */
  give(stream: Stream, now: number): boolean {
    const { encoding } = stream.view;
    const last = this.#givenAt.get(stream) ?? Number.NEGATIVE_INFINITY;
    if (now - last < ECHO_EVERY_MS || !stream.writable || encoding.transport === "poll")
      return false;
    this.#givenAt.set(stream, now);
    stream.give(encoding.event(echoEvent(stream.cursor)), stream.cursor, 0, now);
    return true;
  }
}
