import { type AlarmCode, Alarms } from "./core/alarms.ts";
import { ClockWatch } from "./core/clock-watch.ts";
import { DiskWatch } from "./core/disk-watch.ts";
import { StreamHooks } from "./hooks/stream-hooks.ts";
import type { Logger } from "./logger.ts";
import { freeBytesOf } from "./process/free-bytes.ts";
import { nodeScheduler } from "./process/node-scheduler.ts";
import { parseLogLocation } from "./settings/log-location.ts";
import type { Config } from "./settings/settings.ts";
import { readSecret } from "./tokens/secret.ts";

/**
 * Make the alarms of a process, which are told in the log.
 *
 * @param isFirst whether it tells of what all workers of a server notice alike
 */
export function createAlarms(logger: Logger, isFirst: boolean): Alarms {
  const tells = (code: AlarmCode) => isFirst || code === "events-not-taken";
  return new Alarms({
    unixNow: nodeScheduler.unixMs,
    onBegin: ({ code, text }) => {
      if (tells(code)) logger.warn({ alarm: code }, text);
    },
    onEnd: ({ code, since }) => {
      const ms = nodeScheduler.unixMs() - since;
      if (tells(code)) logger.info({ alarm: code, ms }, "the alarm is over");
    },
  });
}

/**
 * Watch the disk of the log and the clock.
 *
 * @returns a function that ends this
 */
export function startWatches(config: Config, alarms: Alarms): () => void {
  const location = parseLogLocation(config);
  const scheduler = nodeScheduler;
  const clock = new ClockWatch({ scheduler, alarms });
  const disk =
    location.kind === "lmdb"
      ? new DiskWatch({ scheduler, alarms, freeBytes: () => freeBytesOf(location.directory) })
      : null;
  return () => {
    clock.stop();
    disk?.stop();
  };
}

/**
 * Make what tells the application of streams; null where nobody is to be told.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID: the secret can't be read, or is too short
 */
export function openHooks(
  { eventsUrl, eventsSecretFile }: Config,
  alarms: Alarms,
): StreamHooks | null {
  if (eventsUrl === "") return null;
  return new StreamHooks({
    url: eventsUrl,
    secret: readSecret(eventsSecretFile, "--events-secret-file"),
    unixNow: nodeScheduler.unixMs,
    // Its path may be a secret.
    onTrouble: (reason) =>
      alarms.set(
        "events-not-taken",
        reason === null
          ? null
          : `The application at --events-url (${new URL(eventsUrl).origin}) takes no events (${reason}): see to it that it answers with 200 within 10 s; until then they wait, and the newest of more than 10,000 are lost`,
      ),
  });
}
