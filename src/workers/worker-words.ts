import type { BusWords } from "../buses/worker-bus.ts";
import type { Config } from "../settings/config.ts";

/** What a worker is told to be. */
export interface WorkerTask {
  readonly config: Config;
  /** Its place among the workers, from 0. A worker that takes another's place has its index. */
  readonly index: number;
  readonly adminToken: string;
}

/** What the supervisor says to a worker. */
export type ToWorker =
  | { readonly do: "start"; readonly task: WorkerTask }
  | { readonly do: "ping" }
  | { readonly do: "drain" }
  | BusWords;

/** What a worker says to the supervisor. */
export type FromWorker =
  /** It listens to the supervisor from now on: what was said before is lost. */
  | { readonly is: "idle" }
  | { readonly is: "listening"; readonly url: string }
  /** It can't start, and ends. The sentence is for who started it, if it is one of ours. */
  | { readonly is: "failed"; readonly message: string; readonly isOurs: boolean }
  | { readonly is: "alive" }
  | BusWords;
