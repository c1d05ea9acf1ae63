import { randomBytes } from "node:crypto";
import { formatEpoch } from "../core/cursor.ts";
import type { MessageLog } from "../core/log.ts";
import { lockDirectory } from "./directory-lock.ts";
import { openLmdbLog } from "./lmdb-log.ts";
import { probeLmdbLog } from "./lmdb-probe.ts";
import { openMemoryLog } from "./memory-log.ts";
import type { TableLogOptions } from "./table-log.ts";

/** How a log is opened, wherever it is kept. */
export interface OpenLogOptions extends TableLogOptions {
  /** Directory of the durable log; null keeps it in memory. */
  readonly directory: string | null;
  /** Whether another process of ours has taken the directory with {@link takeDirectory}. */
  readonly isTaken: boolean;
  /** Hears that another server has the directory, whose end is awaited for some seconds. */
  readonly onWait: (holder: string) => void;
}

/**
 * Open a log, which lets go of its directory when it is closed.
 *
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function openLog(options: OpenLogOptions): Promise<MessageLog> {
  const { directory, isTaken, onWait } = options;
  const createEpoch = () => formatEpoch(randomBytes(5));
  if (directory === null) return openMemoryLog(createEpoch, options);
  const letGo = isTaken ? () => {} : await takeDirectory(directory, onWait);
  try {
    const log = await openLmdbLog(directory, createEpoch, options);
    const close = log.close.bind(log);
    log.close = () => close().finally(letGo);
    return log;
  } catch (error) {
    letGo();
    throw error;
  }
}

/**
 * Take the directory of a log for this process and those that it starts, and find out in a process
 * of its own that the log's file would not kill this one.
 *
 * @returns lets go of it
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function takeDirectory(
  directory: string,
  onWait: (holder: string) => void,
): Promise<() => void> {
  const letGo = await lockDirectory(directory, { onWait });
  try {
    await probeLmdbLog(directory);
    return letGo;
  } catch (error) {
    letGo();
    throw error;
  }
}
