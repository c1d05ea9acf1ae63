/** Time as core sees it: tests drive it. */
export interface Scheduler {
  /** Ms since some start: it never goes back. */
  monotonicMs(): number;
  /** Ms since 1970, as the processes of a machine agree on: it may go back. */
  unixMs(): number;
  /** Resolves in a later turn of the event loop, after what is waiting there. */
  nextTurn(): Promise<void>;
  /** Call `run` every `ms` until the returned function is called. It keeps no process alive. */
  every(ms: number, run: () => void): () => void;
  /** Call `run` once after `ms`. It keeps no process alive. */
  after(ms: number, run: () => void): void;
}
