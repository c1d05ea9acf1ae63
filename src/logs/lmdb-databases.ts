import { type Database, open, type RootDatabase } from "lmdb";
import type { Revocation } from "../core/revocation.ts";
import type { ChannelRecord, IdempotencyRecord, LogMarks, Upkeep } from "./tables.ts";

/** A value that is written to see whether writing works. */
export interface Probe {
  readonly zeros: string;
}

/** The tables of an LMDB environment: what is a key, and what is its value. */
export interface Databases {
  readonly root: RootDatabase<LogMarks | Upkeep | Probe, string>;
  readonly channels: Database<ChannelRecord, string>;
  /**
   * Position to the channel's name (a byte of length, then UTF-8) and the JSON. Where data is
   * shared there is a byte 0 and the data's name before this, and the JSON ends where the data
   * begins.
   */
  readonly messages: Database<Buffer, string>;
  /** [channel number, position] to what `index-entry.ts` writes. */
  readonly index: Database<Buffer, [number, string]>;
  /**
   * Name to data that several messages share, with the end of their JSON, and to how many they are.
   */
  readonly shared: Database<Buffer, string>;
  readonly sharedRows: Database<number, string>;
  readonly idempotency: Database<IdempotencyRecord, string>;
  /** [expires, key] to nothing. */
  readonly expiries: Database<Buffer, [number, string]>;
  /** [due, channel number] to the channel's name. */
  readonly due: Database<string, [number, number]>;
  /** By number. */
  readonly revocations: Database<Revocation, number>;
}

/** Open the environment in a directory, or make it. @throws the library's error */
export function openDatabases(path: string): Databases {
  const root = open<LogMarks | Upkeep | Probe, string>({
    path,
    maxDbs: 16,
    // Of all workers, and of those that were killed until they are noticed.
    maxReaders: 2_048,
    noSubdir: false,
    // With it on, a commit is visible before it is on the disk, and a crash takes back what
    // somebody has seen.
    overlappingSync: false,
    // The log makes its own batches; the library's leave a promise that nobody can catch when a
    // commit fails.
    eventTurnBatching: false,
  });
  // Otherwise, pages that a killed process was reading could never be written over.
  root.readerCheck();
  return {
    root,
    channels: root.openDB("channels", {}),
    messages: root.openDB("messages", { encoding: "binary" }),
    index: root.openDB("index", { encoding: "binary" }),
    shared: root.openDB("shared", { encoding: "binary" }),
    sharedRows: root.openDB("sharedRows", {}),
    idempotency: root.openDB("idempotency", {}),
    expiries: root.openDB("expiries", { encoding: "binary" }),
    due: root.openDB("due", { encoding: "string" }),
    revocations: root.openDB("revocations", {}),
  };
}
