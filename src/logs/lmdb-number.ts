import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { RootDatabase } from "lmdb";
import { ForeverframeError } from "../errors.ts";

/** The first 4 bytes of lock.mdb, and where the shared number follows: `MDB_txbody` in LMDB. */
const MAGIC = 0xbeefc0de;
const NUMBER_AT = 8;

/** A process of 32 bits has numbers of 4 bytes. */
const NUMBER_BYTES = ["arm", "ia32"].includes(process.arch) ? 4 : 8;

/** The shared number was wrong, and is right again: begin the transaction anew. */
export class NumberPutRight extends Error {}

/**
 * Guards the number of the last transaction, which all processes share in `lock.mdb`.
 *
 * A process that opens the environment reads this number from the file's head and stores it,
 * without any lock. Where another process commits in between, the number goes back. The next
 * transaction would then start from an older state, and take back a commit that was acknowledged.
 * So each transaction compares the number that it starts from with the file's head before it
 * changes anything. It holds the lock of all writers, so nobody commits meanwhile.
 *
 * Seen in lmdb 3.5.6: `mdb_env_open2` stores `mti_txnid` also where others have the file open.
 */
export class LmdbNumber {
  readonly #root: RootDatabase;
  readonly #path: string;
  /** Open from the first repair on: closing it would end the locks that this process has on it. */
  #file: number | null = null;

  /** @param directory of an environment that is open */
  constructor(root: RootDatabase, directory: string) {
    this.#root = root;
    this.#path = join(directory, "lock.mdb");
  }

  /**
   * To be called in a transaction that has changed nothing yet.
   *
   * @throws NumberPutRight
   * @throws ForeverframeError FF_LOG_UNAVAILABLE: it is wrong, and can't be put right
   */
  check(): void {
    const { lastTxnId } = this.#root.getStats() as { readonly lastTxnId: number };
    if (this.#root.getWriteTxnId() === lastTxnId + 1) return;
    this.#put(lastTxnId);
    throw new NumberPutRight();
  }

  /** To be called after the environment is closed. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #put(number: number): void {
    this.#file ??= openSync(this.#path, "r+");
    const magic = new Uint32Array(1);
    readSync(this.#file, magic, 0, magic.byteLength, 0);
    if (magic[0] !== MAGIC)
      throw new ForeverframeError(
        "FF_LOG_UNAVAILABLE",
        `The log's file "${this.#path}" has a form that is not known: stop all servers, remove it, and start them again`,
      );
    const bytes =
      NUMBER_BYTES === 8 ? new BigUint64Array([BigInt(number)]) : new Uint32Array([number]);
    writeSync(this.#file, bytes, 0, bytes.byteLength, NUMBER_AT);
  }
}
