import type { Logger } from "./logger.ts";
import { takeDirectory } from "./logs/open-log.ts";
import { parseLogLocation } from "./settings/log-location.ts";
import type { Config } from "./settings/settings.ts";

/**
 * Take the directory of the log, where it has one, for this process and those that it starts.
 *
 * @returns a function that lets go of it
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function takeLog(config: Config, logger: Logger): Promise<() => void> {
  const location = parseLogLocation(config);
  if (location.kind !== "lmdb") return () => {};
  const { directory } = location;
  return takeDirectory(directory, (holder) =>
    logger.warn(
      { data: directory, holder },
      "log in use by another server: waiting some seconds for it to end",
    ),
  );
}
