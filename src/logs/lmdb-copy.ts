import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { formatCursor, formatEpoch, ORIGIN } from "../core/cursor.ts";
import { ForeverframeError } from "../errors.ts";
import { lockDirectory } from "./directory-lock.ts";
import { LmdbStore } from "./lmdb-log.ts";
import { probeLmdbLog } from "./lmdb-probe.ts";
import { askSocket, listSockets } from "./lock-socket.ts";
import { makeDirectory, makePrivate, withPrivateFiles } from "./log-directory.ts";
import { openError } from "./open-error.ts";

/** The one file of a log that is copied: all else is made by the server. */
const FILE = "data.mdb";

/** Messages whose ids are changed in one transaction. */
const MESSAGES_AT_ONCE = 2_000;

/** A copy is read as a whole, which may take this many ms: a day. */
const CHECK_MS = 86_400_000;

/** What a copy of a log has. */
export interface LogCopy {
  readonly directory: string;
  readonly epoch: string;
  /** Cursor of the newest message that was ever in it. */
  readonly cursor: string;
  readonly channels: number;
  readonly messages: number;
  /** Of the file. */
  readonly bytes: number;
}

/**
 * Copy a log, which a server may have open, into a directory that is empty or not there. It has the
 * copy only when that is whole and on the disk.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID: there is no log, or the directory is not empty;
 *   FF_LOG_UNAVAILABLE: one of both can't be read or written
 */
export async function backUpLog(from: string, to: string): Promise<LogCopy> {
  if (!existsSync(join(from, FILE))) {
    throw invalid(
      `There is no log in "${from}": give the directory that the server has as its --data`,
    );
  }
  if (existsSync(to) && readdirSync(to).length > 0) {
    throw invalid(
      `"${to}" is not empty, and nothing is written over: give a directory that is new or empty`,
    );
  }
  await probeLmdbLog(from);
  return fillDirectory(to, async (draft) => {
    let store: LmdbStore;
    try {
      store = new LmdbStore(from);
    } catch (error) {
      throw openError(from, error);
    }
    try {
      await store.copyTo(draft);
    } finally {
      await store.close();
    }
    await probeLmdbLog(draft, { limitMs: CHECK_MS, shownAs: from });
  });
}

/**
 * Copy a backup into a directory without a log, with a new epoch: clients whose cursors are of the
 * old one are told by a gap, since what was published after the backup is not there.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID: there is no backup, or the directory has a log;
 *   FF_LOG_UNAVAILABLE: a server has one of the directories, or the backup is damaged
 */
export async function restoreLog(backup: string, to: string): Promise<LogCopy> {
  if (!existsSync(join(backup, FILE))) {
    throw invalid(
      `There is no backup in "${backup}": give a directory that "foreverframe backup" has made`,
    );
  }
  await checkUnused(backup);
  const letGo = await lockDirectory(to, { waitMs: 0, onWait: () => {} });
  try {
    if (existsSync(join(to, FILE))) {
      throw invalid(
        `"${to}" has a log already, and nothing is written over: move it away, or give another --data`,
      );
    }
    return await fillDirectory(to, async (draft) => {
      withPrivateFiles(() =>
        copyFileSync(join(backup, FILE), join(draft, FILE), constants.COPYFILE_FICLONE),
      );
      makePrivate(draft, [FILE]);
      await probeLmdbLog(draft, { limitMs: CHECK_MS, shownAs: backup });
      await beginEpoch(draft);
    });
  } finally {
    letGo();
  }
}

/** @throws ForeverframeError FF_LOG_UNAVAILABLE: a server writes into what is to be copied */
async function checkUnused(directory: string): Promise<void> {
  for (const name of listSockets(directory)) {
    if ((await askSocket(directory, name)) === null) continue;
    throw new ForeverframeError(
      "FF_LOG_UNAVAILABLE",
      `"${directory}" is the log of a running server: back it up with "foreverframe backup", and restore that`,
    );
  }
}

/**
 * Have a log made in a directory beside nothing else, and only then show it under its name.
 *
 * @param make fills the directory that it is given
 */
async function fillDirectory(
  directory: string,
  make: (draft: string) => Promise<void>,
): Promise<LogCopy> {
  const draft = join(directory, `.new-${randomBytes(6).toString("hex")}`);
  try {
    makeDirectory(directory);
    withPrivateFiles(() => mkdirSync(draft));
    await make(draft);
    const copy = { ...(await describe(draft)), directory };
    sync(join(draft, FILE));
    renameSync(join(draft, FILE), join(directory, FILE));
    sync(directory);
    return copy;
  } catch (error) {
    throw error instanceof ForeverframeError ? error : openError(directory, error);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function describe(directory: string): Promise<LogCopy> {
  const store = new LmdbStore(directory);
  try {
    return store.read((tables) => {
      const { epoch, tip } = tables.marks();
      let messages = 0;
      for (const [, record] of tables.channels()) messages += record.messages;
      return {
        directory,
        epoch,
        cursor: formatCursor(epoch, tip),
        channels: tables.channelCount(),
        messages,
        bytes: statSync(join(directory, FILE)).size,
      };
    });
  } finally {
    await store.close();
  }
}

async function beginEpoch(directory: string): Promise<void> {
  const store = new LmdbStore(directory);
  try {
    const { epoch: from } = store.read((tables) => tables.marks());
    const to = createEpoch(from);
    for (let after: string | null = ORIGIN; after !== null; ) {
      const start: string = after;
      after = await store.write((tables) => tables.changeEpoch(from, to, start, MESSAGES_AT_ONCE));
    }
    // Idempotency records need no change: only the positions of their ids are used.
    await store.write((tables) => tables.putMarks({ ...tables.marks(), epoch: to }));
  } finally {
    await store.close();
  }
}

/** As long as the one before, so that each message keeps its size. */
function createEpoch({ length }: string): string {
  return (formatEpoch(randomBytes(5)) + formatEpoch(randomBytes(5))).slice(0, length);
}

/** Have a file, or the names in a directory, on the disk. */
function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function invalid(message: string): ForeverframeError {
  return new ForeverframeError("FF_CONFIG_INVALID", message);
}
