import type { SiteFaults } from "./server-faults.ts";

/** What serves, and where the log is. */
export interface Site {
  /** For the names of tests. */
  readonly title: string;
  readonly log: "lmdb" | "memory" | "redis";
  /** Servers on that log. */
  readonly servers: number;
  /** Processes of each that serve; 0 for one without a supervisor. */
  readonly workers: number;
}

/** Every kind of them. */
export const SITES: readonly Site[] = [
  { title: "server", log: "lmdb", servers: 1, workers: 0 },
  { title: "server of 2 workers", log: "lmdb", servers: 1, workers: 2 },
  { title: "server with its log in memory", log: "memory", servers: 1, workers: 0 },
  { title: "2 servers on one Redis, network", log: "redis", servers: 2, workers: 0 },
];

/** How much of everything a run has. */
export interface PlanSize extends Site, SiteFaults {
  readonly seconds: number;
  /** The first of the clients are processes of their own. */
  readonly clients: number;
  readonly clientProcesses: number;
  readonly publishers: number;
}

/** The size of a run of some seconds. */
export function sizeOf(seconds: number, site: Site): PlanSize {
  const { log, workers } = site;
  const inRedis = (count: number) => (log === "redis" ? Math.ceil(count) : 0);
  // Who ends a server whose log is in memory ends the log, so that one only freezes. Of the faults
  // of two servers, their networks and Redis each is rarer, so that most is well in between.
  const kills = {
    lmdb: Math.max(5, Math.round(seconds / 4)),
    memory: 0,
    redis: Math.max(4, Math.round(seconds / 5)),
  }[log];
  return {
    ...site,
    seconds,
    kills,
    stops: Math.ceil(kills / 8),
    freezes: log === "lmdb" ? 0 : Math.ceil(seconds / 6),
    workerKills: workers > 0 ? seconds : 0,
    redisKills: inRedis(seconds / 6),
    redisFreezes: inRedis(seconds / 6),
    networkFaults: inRedis(seconds / 2),
    clients: 40,
    clientProcesses: 4,
    publishers: 6,
  };
}
