/** What close-probe.ts is to do. */
export interface CloseOrder {
  /** Port of the server that is asked, where the streams are at another one. */
  readonly controlPort?: number;
  /** Streams that it has open all the time. */
  readonly streams: number;
  /** Streams that it closes. */
  readonly closes: number;
  /** Mean time between two of them, in ms; 0 for each as soon as the last is closed. */
  readonly pauseMs: number;
  /** It stops closing after this long, in ms. */
  readonly limitMs: number;
}
