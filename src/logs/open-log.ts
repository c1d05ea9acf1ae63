import { randomBytes } from "node:crypto";
import { formatEpoch } from "../core/cursor.ts";
import type { MessageLog } from "../core/log.ts";
import type { LogLocation } from "../core/log-location.ts";
import { lockDirectory } from "./directory-lock.ts";
import { probeLmdbLog } from "./lmdb-probe.ts";
import type { TableLogOptions } from "./table-log.ts";

/**
 * Open a log.
 *
 * @param location a directory was taken with {@link takeDirectory}
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function openLog(
  location: LogLocation,
  options: TableLogOptions,
): Promise<MessageLog> {
  const createEpoch = () => formatEpoch(randomBytes(5));
  switch (location.kind) {
    // Only the one that is used is loaded: Redis' client takes a third of the time of a start.
    case "memory": {
      const { openMemoryLog } = await import("./memory-log.ts");
      return openMemoryLog(createEpoch, options);
    }
    case "lmdb": {
      const { openLmdbLog } = await import("./lmdb-log.ts");
      return openLmdbLog(location.directory, createEpoch, options);
    }
    case "redis": {
      const { openRedisLog } = await import("./redis/redis-log.ts");
      return openRedisLog({ ...options, ...location, clock: "server" });
    }
  }
}

/**
 * Take the directory of a log for this process and those that it starts. A separate process checks
 * that reading the log's file would not kill this one.
 *
 * @param onWait hears that another server has it, whose end is awaited for some seconds
 * @returns a function that lets go of it
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
