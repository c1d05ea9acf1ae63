import { InProcessBus } from "./buses/in-process-bus.ts";
import { LeasedDuties } from "./buses/leased-duties.ts";
import type { RedisNodes } from "./buses/redis-nodes.ts";
import type { Bus } from "./core/bus.ts";
import { type Duties, FixedDuties } from "./core/duties.ts";
import { ForeverframeError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { RandomTexts } from "./process/random-texts.ts";
import { tryAgain } from "./process/try-again.ts";
import { parseLogLocation } from "./settings/log-location.ts";
import type { Config } from "./settings/settings.ts";
import type { KeyNews } from "./tokens/key-set.ts";

/** How long a log that was opened, and is away again during the start, is waited for, in ms. */
export const AWAY_MS = 5_000;

/** Stands for the node in ids where processes of one machine share the log. */
const ALONE = "n1";

/** What a process is among others that share its port and its log. */
export interface Membership {
  readonly bus: Bus;
  /** Its slot among `config.workers`, from 0; the first has the duties, if they are not leased. */
  readonly index: number;
  /** Unique among all workers this supervisor has started, including those that have died. */
  readonly generation: number;
  readonly keyNews: KeyNews;
}

/** The other processes on the same log, whichever machine they are on, as one process has them. */
export interface Peers {
  readonly bus: Bus;
  readonly duties: Duties;
  /** Tells this process from the others; null where there is none. */
  readonly number: number | null;
  /** Generate an id of so many random bytes, which says where it is from. */
  newId(bytes: number): string;
}

/**
 * Join the others on the same log: those of one Redis, or the workers of one supervisor.
 *
 * @param membership of a worker; null for a process without a supervisor
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function joinPeers(
  config: Config,
  membership: Membership | null,
  logger: Logger,
): Promise<Peers> {
  const nodes = await joinNodes(config, logger);
  const name = nodes?.name ?? ALONE;
  const random = new RandomTexts();
  const newId = (bytes: number) => `${name}.${random.text(bytes)}`;
  if (nodes !== null) {
    const { number } = nodes;
    const { RedisBus } = await import("./buses/redis-bus.ts");
    return {
      bus: new RedisBus(nodes, config.receiptMs),
      duties: new LeasedDuties(nodes),
      number,
      newId,
    };
  }
  return {
    bus: membership?.bus ?? new InProcessBus(),
    duties: new FixedDuties((membership?.index ?? 0) === 0),
    number: membership?.generation ?? null,
    newId,
  };
}

/** Whether something failed since the log is away. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof ForeverframeError && error.code === "FF_LOG_UNAVAILABLE";
}

/** Null where the log is not in a Redis. */
async function joinNodes(config: Config, logger: Logger): Promise<RedisNodes | null> {
  const location = parseLogLocation(config);
  if (location.kind !== "redis") return null;
  const { RedisNodes } = await import("./buses/redis-nodes.ts");
  // The log, which uses the same Redis, tells of trouble.
  const onError = (error: unknown) => logger.debug({ err: error }, "no bus to other servers");
  return tryAgain(AWAY_MS, isUnavailable, () => RedisNodes.start({ ...location, onError }));
}
