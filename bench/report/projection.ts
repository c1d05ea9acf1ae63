import { streamsFor } from "../measures/measure.ts";
import { FEW_STREAMS } from "../measures/unit-costs.ts";
import { workersOf } from "../servers/foreverframe.ts";
import type { Measured } from "./measured.ts";
import { formatNumber } from "./number-format.ts";

/** Cores to compute for, each with a worker, and streams of each worker. */
const CORES = [1, 2, 8, 32];
const STREAMS_PER_WORKER = [500, 2_000, 10_000];

/** What was measured with this many workers: CPU in us. */
interface Sample {
  readonly workers: number;
  readonly perDelivery: number;
  /** Of a message to FEW_STREAMS streams. */
  readonly perMessage: number;
  /** Of that in the supervisor. */
  readonly inSupervisor: number;
}

/** CPU in us. */
interface UnitCosts {
  /** Of one delivery of a message. */
  readonly delivery: number;
  /** Of a message, however many workers there are: HTTP, the log. */
  readonly message: number;
  /** Of a message in each worker: to hear of it, to read it, to encode it. */
  readonly perWorker: number;
  /** Of a message in the supervisor, by the number of workers; part of the two above. */
  readonly supervisor: Line;
}

/** y = at0 + slope * x. */
interface Line {
  readonly at0: number;
  readonly slope: number;
}

/**
 * What is computed from the table's medians for machines with more cores, and how that fits what
 * was measured.
 */
export function formatProjection(measured: Measured): string {
  const samples = samplesOf(measured);
  if (samples.length < 2) return "";
  const streams = streamsFor(measured.scale);
  const costs = unitCosts(samples, streams);
  const rounded = [costs.delivery, costs.message, costs.perWorker].map(formatNumber);
  const { at0, slope } = costs.supervisor;
  return `A delivery costs **${rounded[0]} us** of CPU, a message **${rounded[1]} us** and
**${rounded[2]} us** more for each worker; of that the supervisor has ${formatNumber(
    Math.max(0, at0),
  )} us and ${formatNumber(slope)} us for each worker. (Fitted to the medians above: the
difference between ${streams.toLocaleString("en")} and ${FEW_STREAMS} streams, and lines through
the number of workers.) So a message to S streams on W workers costs ${rounded[1]} + ${rounded[2]}
W + ${rounded[0]} S us, which gives for what was measured:

${formatFit(samples, streams, costs)}

And on machines with more cores, a worker on each, one message at a time to all streams:

${formatCores(costs)}`;
}

function samplesOf({ servers, results }: Measured): Sample[] {
  return servers.flatMap(({ name }) => {
    const workers = workersOf(name);
    const median = (measure: string, key: string) => results.summary(measure, name, key)?.median;
    const perDelivery = median("cpu", "cpuUs");
    const perMessage = median("unit-costs", "messageUs");
    const inSupervisor = median("unit-costs", "supervisorUs");
    if (workers === 0 || perDelivery === undefined) return [];
    if (perMessage === undefined || inSupervisor === undefined) return [];
    return [{ workers, perDelivery, perMessage, inSupervisor }];
  });
}

function unitCosts(samples: readonly Sample[], streams: number): UnitCosts {
  const deliveries = samples.map(
    ({ perDelivery, perMessage }) => (perDelivery * streams - perMessage) / (streams - FEW_STREAMS),
  );
  const delivery = deliveries.reduce((sum, one) => sum + one, 0) / deliveries.length;
  const { at0, slope } = fitLine(
    samples.map(({ workers, perMessage }) => [workers, perMessage - FEW_STREAMS * delivery]),
  );
  const supervisor = fitLine(samples.map(({ workers, inSupervisor }) => [workers, inSupervisor]));
  return { delivery, message: at0, perWorker: slope, supervisor };
}

/** By least squares. */
function fitLine(points: readonly (readonly [number, number])[]): Line {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const slope =
    mean(points.map(([x, y]) => (x - meanX) * (y - meanY))) /
    mean(points.map(([x]) => (x - meanX) ** 2));
  return { at0: meanY - slope * meanX, slope };
}

function ofMessage({ delivery, message, perWorker }: UnitCosts, workers: number, streams: number) {
  return message + perWorker * workers + delivery * streams;
}

function formatFit(samples: readonly Sample[], streams: number, costs: UnitCosts): string {
  const rows = samples.flatMap(({ workers, perDelivery, perMessage }) =>
    (
      [
        [FEW_STREAMS, perMessage],
        [streams, perDelivery * streams],
      ] as const
    ).map(([count, us]) => {
      const computed = ofMessage(costs, workers, count);
      const ratio = formatNumber(computed / us);
      return [
        workers,
        count.toLocaleString("en"),
        formatNumber(us),
        formatNumber(computed),
        `× ${ratio}`,
      ];
    }),
  );
  return formatRows(["workers", "streams", "measured, us", "computed, us", "ratio"], rows);
}

function formatCores(costs: UnitCosts): string {
  const rows = CORES.flatMap((cores) =>
    STREAMS_PER_WORKER.map((perWorker) => {
      const streams = cores * perWorker;
      const messages = (cores * 1e6) / ofMessage(costs, cores, streams);
      const undivided = ofMessage(costs, 1, streams);
      const supervisorUs = costs.supervisor.at0 + costs.supervisor.slope * cores;
      return [
        cores,
        streams.toLocaleString("en"),
        formatNumber(messages),
        formatNumber(messages * streams),
        `× ${formatNumber(undivided / ofMessage(costs, cores, streams))}`,
        `${formatNumber((messages * supervisorUs) / 1e4)} %`,
      ];
    }),
  );
  const head = [
    "cores, workers",
    "streams",
    "messages/s",
    "deliveries/s",
    "deliveries per CPU-second, × those of one worker",
    "supervisor, of one core",
  ];
  return formatRows(head, rows);
}

function formatRows(head: readonly string[], rows: readonly (readonly (string | number)[])[]) {
  const rule = head.map(() => "---:");
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
