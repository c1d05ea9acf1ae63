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
  const servers = gearman.split(",").map((server) => parseServer(server.trim()));
  const functions = gearmanFunction.map(parseFunction);
  const server = findTwice(servers.map(({ host, port }) => `${host}:${port}`));
  if (server !== undefined) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      `--gearman has "${shorten(server)}" twice, which would mix up the order of its jobs: give each server once`,
    );
  }
  const job = findTwice(functions.map(({ job }) => job));
  if (job !== undefined) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      `--gearman-function has "${shorten(job)}" twice, and a job goes to one channel: give each function once`,
    );
  }
  return servers.flatMap((from) => functions.map((to) => ({ ...from, ...to })));
}

function findTwice(names: readonly string[]): string | undefined {
  return names.find((name, i) => names.indexOf(name) !== i);
}

function parseServer(server: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = ADDRESS.exec(server) ?? [];
  if (host !== "" && Number(port) >= 1 && Number(port) <= 65_535)
    return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--gearman is "${shorten(server)}": give host:port, such as 127.0.0.1:4730, and a comma between two`,
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
