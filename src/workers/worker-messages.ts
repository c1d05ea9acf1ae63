import type { BusFrame } from "../buses/worker-bus.ts";
import type { ErrorCode } from "../errors.ts";
import type { Config } from "../settings/settings.ts";
import type { TlsPair } from "../tls/tls-pair.ts";

/** What a worker is told to be. */
export interface WorkerTask {
  readonly config: Config;
  /** Its slot among the workers, from 0. A worker that replaces another has its index. */
  readonly index: number;
  readonly adminToken: string;
  /** As the supervisor speaks it now, whatever the files hold; null for plain HTTP. */
  readonly tls: TlsPair | null;
  /** See `Replacements.alarm`. */
  readonly failing: string | null;
}

/** What one worker tells the others about the keys of tokens: see `KeyNews`. */
interface KeyFrame {
  readonly type: "keys";
  readonly text: string | null;
}

/** What the supervisor says to a worker. */
export type WorkerCommand =
  | { readonly type: "start"; readonly task: WorkerTask }
  | { readonly type: "ping" }
  | { readonly type: "drain" }
  /** Speak TLS by this pair from now on. */
  | { readonly type: "tls"; readonly pair: TlsPair }
  /** Workers are replaced again and again, or not any more: see `Replacements.alarm`. */
  | { readonly type: "failing"; readonly text: string | null }
  | KeyFrame
  | BusFrame;

/** What a worker says to the supervisor. */
export type WorkerReport =
  /** It listens to the supervisor from now on: what was said before is lost. */
  | { readonly type: "idle" }
  | { readonly type: "listening"; readonly url: string }
  /**
   * It can't start, and ends. With a code, the message is a sentence for the person who started the
   * server.
   */
  | { readonly type: "failed"; readonly message: string; readonly code: ErrorCode | null }
  | { readonly type: "alive" }
  | KeyFrame
  | BusFrame;
