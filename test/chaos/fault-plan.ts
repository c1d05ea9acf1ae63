import type { PlanSize } from "./chaos-size.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { type PlannedSiteFault, planSiteFaults } from "./server-faults.ts";

/** What happens to a client by its own doing. */
export type ClientFault =
  /** It cuts its connection. */
  | { readonly kind: "cut" }
  /**
   * It cuts its connection when this part of the next bytes has come: mostly in the middle of an
   * event.
   */
  | { readonly kind: "cut inside"; readonly part: number }
  /** It closes its stream by the control request, and opens another. */
  | { readonly kind: "close" }
  /** It does not read for a while. */
  | { readonly kind: "pause"; readonly ms: number };

/**
 * What happens to a publisher: the connection of a publish under way is cut, so that its answer is
 * lost; or its next publishes are more than the connection of a client that does not read takes.
 */
export type PublisherFault = "lost answer" | "flood";

/**
 * One thing that goes wrong with a client: by its own doing, or its process is stopped for a while.
 */
export type PlannedClientFault = { readonly at: number; readonly client: number } & (
  | { readonly fault: ClientFault }
  | { readonly frozenMs: number }
);

/** One thing that goes wrong with a publisher. */
export interface PlannedPublisherFault {
  readonly at: number;
  readonly publisher: number;
  readonly fault: PublisherFault;
}

/** One thing that goes wrong, at a time in ms after the start. */
export type PlannedFault = PlannedClientFault | PlannedSiteFault | PlannedPublisherFault;

const CLIENT_FAULTS_PER_SECOND = 20;
const LOST_ANSWERS_PER_SECOND = 5;
const SECONDS_PER_FLOOD = 6;

/**
 * Draw everything that will go wrong, in the order of time: the same for the same seed and size.
 */
export function planFaults(random: SeededRandom, size: PlanSize): readonly PlannedFault[] {
  const { seconds, publishers } = size;
  const end = seconds * 1_000;
  const times = (perSecond: number) => Array.from({ length: Math.ceil(seconds * perSecond) });
  const publisherFault = (fault: PublisherFault) => ({
    at: random.whole(0, end),
    publisher: random.whole(0, publishers - 1),
    fault,
  });
  return [
    ...planSiteFaults(random, size),
    ...times(CLIENT_FAULTS_PER_SECOND).map(() => clientFault(random, size, random.whole(0, end))),
    ...times(LOST_ANSWERS_PER_SECOND).map(() => publisherFault("lost answer")),
    ...times(1 / SECONDS_PER_FLOOD).map(() => publisherFault("flood")),
  ].sort((a, b) => a.at - b.at);
}

function clientFault(
  random: SeededRandom,
  { clients, clientProcesses }: PlanSize,
  at: number,
): PlannedClientFault {
  const client = random.whole(0, clients - 1);
  const ms = random.whole(50, 2_500);
  if (client < clientProcesses && random.chance(0.4)) return { at, client, frozenMs: ms };
  const fault = random.pick<ClientFault>([
    { kind: "cut" },
    { kind: "cut inside", part: random.fraction() },
    { kind: "close" },
    { kind: "pause", ms },
  ]);
  return { at, client, fault };
}

/** A client's fault as a line for people. */
export function describeFault(planned: PlannedClientFault): string {
  const who = `client ${planned.client}`;
  if ("frozenMs" in planned) return `${who} is frozen for ${planned.frozenMs} ms`;
  const { fault } = planned;
  switch (fault.kind) {
    case "cut":
      return `${who} cuts its connection`;
    case "cut inside":
      return `${who} cuts its connection at ${Math.round(fault.part * 100)}% of what comes next`;
    case "close":
      return `${who} closes its stream`;
    case "pause":
      return `${who} does not read for ${fault.ms} ms`;
  }
}
