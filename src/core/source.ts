/** Feeds the log with messages from somewhere else. One process of those on a log does this. */
export interface Source {
  start(): void;
  /** Take no more, and resolve when what was taken has been dealt with. */
  stop(): Promise<void>;
}
