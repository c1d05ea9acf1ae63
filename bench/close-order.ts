/** What close-probe.ts is to do. */
export interface CloseOrder {
  /** Streams that it has open all the time. */
  readonly streams: number;
  /** Streams that it closes, one after another. */
  readonly closes: number;
  /** Mean pause between two of them, in ms; 0 for none. */
  readonly pauseMs: number;
  /** After so long, in ms, it closes no more. */
  readonly limitMs: number;
}
