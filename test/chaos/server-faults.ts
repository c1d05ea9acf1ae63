import type { SeededRandom } from "./seeded-random.ts";

/** What happens to one of the servers. */
export type ServerFault = { readonly server: number } & (
  | {
      readonly kind: "SIGKILL" | "SIGTERM";
      /** How long it is away after its end. */
      readonly awayMs: number;
    }
  /** It is stopped for a while, and knows nothing of it. */
  | { readonly kind: "freeze"; readonly ms: number }
  /** One of its workers is killed. @param choice which of them, from 0 to 1 */
  | { readonly kind: "worker"; readonly choice: number }
);

/** What happens to the Redis that has the log. */
export type RedisFault =
  | { readonly kind: "SIGKILL"; readonly awayMs: number }
  | { readonly kind: "freeze"; readonly ms: number };

/** What happens to the network between one of the servers and Redis. */
export type NetworkFault =
  /** All connections are cut. */
  | { readonly kind: "cut" }
  /** They are cut after so many bytes of answers; nothing more passes until some ms later. */
  | { readonly kind: "cut inside"; readonly bytes: number; readonly ms: number }
  /** They stay, but nothing passes for a while; then they are cut. */
  | { readonly kind: "silence"; readonly ms: number };

/** Something that goes wrong behind the clients' backs, at a time in ms after the start. */
export type PlannedSiteFault = { readonly at: number } & (
  | { readonly server: ServerFault }
  | { readonly redis: RedisFault }
  /** @param of the server that it is the network of */
  | { readonly network: NetworkFault; readonly of: number }
);

/** How often things happen to servers, and to what is behind them. */
export interface SiteFaults {
  readonly kills: number;
  readonly stops: number;
  readonly freezes: number;
  readonly workerKills: number;
  readonly redisKills: number;
  readonly redisFreezes: number;
  readonly networkFaults: number;
}

/** Draw all of them, in no order. */
export function planSiteFaults(
  random: SeededRandom,
  size: SiteFaults & { readonly seconds: number; readonly servers: number },
): readonly PlannedSiteFault[] {
  const end = size.seconds * 1_000;
  const server = () => random.whole(0, size.servers - 1);
  const ms = (least: number, most: number) => random.whole(least, most);
  const some = <Fault>(count: number, draw: () => Fault) =>
    Array.from({ length: count }, () => ({ at: random.whole(0, end), ...draw() }));
  return [
    ...planEnds(random, size),
    ...some(size.workerKills, () => ({
      server: { kind: "worker" as const, server: server(), choice: random.fraction() },
    })),
    ...some(size.freezes, () => ({
      server: { kind: "freeze" as const, server: server(), ms: ms(50, 2_500) },
    })),
    ...some(size.redisKills, () => ({
      redis: { kind: "SIGKILL" as const, awayMs: ms(0, 500) },
    })),
    ...some(size.redisFreezes, () => ({
      redis: { kind: "freeze" as const, ms: ms(50, 900) },
    })),
    ...some(size.networkFaults, () => ({
      network: random.pick<NetworkFault>([
        { kind: "cut" },
        { kind: "cut inside", bytes: ms(1, 200_000), ms: ms(100, 600) },
        { kind: "silence", ms: ms(50, 1_500) },
      ]),
      of: server(),
    })),
  ];
}

/** Each in a stretch of its own, so that some server lives between them. */
function planEnds(
  random: SeededRandom,
  {
    seconds,
    servers,
    kills,
    stops,
  }: SiteFaults & { readonly seconds: number; readonly servers: number },
): readonly PlannedSiteFault[] {
  const stretch = (seconds * 1_000) / (kills + stops);
  const stopsAt = new Set<number>();
  while (stopsAt.size < stops) stopsAt.add(random.whole(0, kills + stops - 1));
  return Array.from({ length: kills + stops }, (_, n) => ({
    at: Math.floor((n + random.fraction()) * stretch),
    server: {
      kind: stopsAt.has(n) ? "SIGTERM" : "SIGKILL",
      server: random.whole(0, servers - 1),
      awayMs: random.whole(0, 300),
    },
  }));
}
