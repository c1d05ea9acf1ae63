import { createHash } from "node:crypto";
import type { ChaosTransport } from "./event-reader.ts";

/**
 * What a client does when nothing goes wrong; plain data, so that it can be given to another
 * process.
 */
export interface ClientPlan {
  /** Of the servers, which it goes to by chance. */
  readonly urls: readonly [string, ...string[]];
  /** Selectors, separated by commas. */
  readonly channels: string;
  readonly transport: ChaosTransport;
  readonly version: "1.0" | "1.1";
  /** For its pauses. */
  readonly seed: number;
}

/** What clients count. */
export type ClientCount =
  | "opens"
  | "cursor events"
  | "cuts"
  | "cuts inside an event"
  | "closes"
  | "closes at another server"
  | "closes of a stream that is unknown, and goes on"
  | `closed: ${string}`
  | "refusals";

/** Hears what a client sees. */
export interface ClientWatch {
  /** @param url of the server that it has come to */
  opened(cursor: string, url: string): void;
  message(id: string, channel: string, digest: string): void;
  /** It saw what the contract rules out. */
  wrong(what: string): void;
  count(what: ClientCount): void;
}

/** What stands for the data of a message. */
export function digestOf(data: unknown): string {
  return createHash("sha1").update(JSON.stringify(data)).digest("base64");
}
