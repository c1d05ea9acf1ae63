import { type Command, Option } from "commander";
import { ForeverframeError } from "../errors.ts";
import { parseConfig } from "../settings/config.ts";
import { parseLogLocation } from "../settings/log-location.ts";
import { type SettingName, variableOf } from "../settings/settings.ts";

/** The settings that say where a log is; others of the server's environment don't matter here. */
const LOG_SETTINGS = [
  "data",
  "memory",
  "log",
  "redisPrefix",
  "redisTrustRestart",
  "redisWait",
] as const satisfies readonly SettingName[];

/** Where a log on this machine is. */
export interface LogOptions {
  readonly data?: string;
  readonly log?: string;
}

/** Add the options that say where a log is, as `serve` has them. */
export function addLogOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--data <directory>", `directory of the log [${variableOf("data")}]`).conflicts(
        "log",
      ),
    )
    .option("--log <url>", `the same, as lmdb:DIRECTORY [${variableOf("log")}]`);
}

/**
 * The directory of the log: the options name it, or else the environment, as it does for `serve`.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID: the log is in no directory
 */
export function logDirectoryOf(
  { data, log }: LogOptions,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const isGiven = data !== undefined || log !== undefined;
  const flags = {
    ...(data === undefined ? {} : { data }),
    ...(log === undefined ? {} : { log }),
  };
  const variables = LOG_SETTINGS.map((name) => variableOf(name));
  const known = isGiven
    ? {}
    : Object.fromEntries(variables.map((name) => [name, environment[name]]));
  const location = parseLogLocation(parseConfig(flags, known));
  switch (location.kind) {
    case "lmdb":
      return location.directory;
    case "memory":
      throw new ForeverframeError(
        "FF_CONFIG_INVALID",
        "The log is in memory and ends with its server, so there is nothing to copy: run the server with --data",
      );
    case "redis":
      throw new ForeverframeError(
        "FF_CONFIG_INVALID",
        "The log is in Redis, which makes its own copies: run BGSAVE there and copy its dump.rdb, or copy its append-only files; docs/operating.md says how to put them back",
      );
  }
}
