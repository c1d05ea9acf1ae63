import { type ChannelName, parseChannelName } from "../core/channel-name.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import type { Config } from "./settings.ts";

/** A name, an IPv4 address, or an IPv6 address in brackets; and a port. */
const ADDRESS = /^(\[[\da-f:.%\w]+\]|[^\s:/[\]]+):(\d{1,5})$/i;

/** Where jobs come from, and where they go. */
export interface GearmanJobs {
  readonly host: string;
  readonly port: number;
  /** The function whose jobs are taken. */
  readonly job: string;
  readonly channel: ChannelName;
}

/**
 * Read `--gearman` and `--gearman-function`.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function parseGearman({ gearman, gearmanFunction }: Config): readonly GearmanJobs[] {
  if (gearman === "") return [];
  const [, host = "", port = ""] = ADDRESS.exec(gearman) ?? [];
  if (host === "" || Number(port) < 1 || Number(port) > 65_535) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      `--gearman is "${shorten(gearman)}": give host:port, such as 127.0.0.1:4730`,
    );
  }
  const jobs = gearmanFunction.map((pair) => ({
    host: host.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port),
    ...parseFunction(pair),
  }));
  const names = jobs.map(({ job }) => job);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return jobs;
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--gearman-function has "${shorten(twice)}" twice, and a job goes to one channel: give each function once`,
  );
}

function parseFunction(pair: string): { readonly job: string; readonly channel: ChannelName } {
  const equals = pair.indexOf("=");
  if (equals > 0) {
    return { job: pair.slice(0, equals), channel: parseChannel(pair, pair.slice(equals + 1)) };
  }
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--gearman-function has "${shorten(pair)}": give function=channel, such as getmsg=doors, and a comma between two`,
  );
}

function parseChannel(pair: string, channel: string): ChannelName {
  try {
    return parseChannelName(channel);
  } catch (error) {
    if (!(error instanceof ForeverframeError)) throw error;
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      `--gearman-function has "${shorten(pair)}": ${error.message}`,
    );
  }
}
