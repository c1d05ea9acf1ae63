import { isDeepStrictEqual } from "node:util";
import type { Browser } from "puppeteer-core";
import { eventually } from "../within.ts";
import type { Client } from "./client.ts";
import type { Cells, Resumption, Stop } from "./matrix.ts";
import type { Exchange } from "./recording-proxy.ts";
import { Site } from "./site.ts";
import { startClient } from "./start-client.ts";
import { Subject } from "./subject.ts";

/** What has broken some client, somewhere; the last one has come when all have. */
const VALUES: readonly unknown[] = [
  ...["", " ", "two\nlines\r\n\n\ndata: forged\nid: 1\n\n", "\u0085\u000b\u001c\u2028\u2029", "\0"],
  ...["</script><!-- ]]>", "Ä € \u{1d11e} \ufeff", "event: ff-close", '{"type":"close"}'],
  ...[null, false, 0, -1.5e-7, [], {}, { "": { id: "1", type: "close" }, é: [[null]] }],
  ...["€".repeat(20_000), "the last value"],
];

/** Longest until a client has its first stream, in ms. */
const START_MS = 15_000;

/**
 * A client that has not come back this long after the server did stays away, in ms. The slowest,
 * reconnecting-websocket, waits for up to 5 s, and longer after attempts in vain.
 */
const AWAY_MS = 15_000;

/**
 * A client that has asked for nothing for this long after a close has stopped, in ms. It is longer
 * than the pause of those that come back, which have forgotten their attempts in vain by then.
 */
const QUIET_MS = 8_000;

/** Longest until that is clear, in ms. */
const STOP_MS = 30_000;

/** A client that was told to stop this often, and has not, never will. */
const MAX_ENDS = 2;

/**
 * Take clients through a restart, a drain and a close, all of them at once.
 *
 * @returns what each does, in their order; rejects where one misses or changes a message while its
 *   connection holds
 */
export async function measureClients(
  clients: readonly Client[],
  browser: Browser,
): Promise<readonly Cells[]> {
  const site = await Site.start();
  const subjects = await startSubjects(site, clients, browser);
  await site.publish(VALUES);
  for (const subject of subjects) await expectValues(subject);
  const restarts = await breakOff(site, subjects, "SIGKILL");
  const drains = await breakOff(site, subjects, "SIGTERM");
  return Promise.all(
    subjects.map(async (subject, index) => {
      const { by, resumption: restart } = restarts[index] ?? GONE;
      const { resumption: drain } = drains[index] ?? GONE;
      const stop = drain === "stays away" ? "was away" : await closeStream(site, subject);
      return { by, restart, drain, stop };
    }),
  );
}

async function startSubjects(
  { proxy }: Site,
  clients: readonly Client[],
  browser: Browser,
): Promise<readonly Subject[]> {
  // A browser has six connections to a host at most, so there are two hosts.
  const [page, other] = [await browser.newPage(), await browser.newPage()];
  await page.goto(`${proxy.url}/client.html`);
  await other.goto(`${proxy.url.replace("127.0.0.1", "localhost")}/client.html`);
  const start = async (client: Client, index: number) => {
    const id = `client-${index}`;
    const running = await startClient(client, id, proxy.url, index % 2 === 0 ? page : other);
    const subject = new Subject(client, id, running, proxy);
    await subject.untilOpen(0, START_MS);
    return subject;
  };
  return Promise.all(clients.map(start));
}

async function expectValues(subject: Subject): Promise<void> {
  const heard = await subject.untilHeard(VALUES.at(-1), 0);
  if (!isDeepStrictEqual(heard, VALUES))
    throw new Error(`${subject.name} heard other values: ${JSON.stringify(heard).slice(0, 2_000)}`);
}

/** How a client came back. */
interface Return {
  /** What its request says of where it was. */
  readonly by: string;
  readonly resumption: Resumption;
}

const GONE: Return = { by: "nothing", resumption: "stays away" };

/** End the server, start another, and see which clients come back. */
async function breakOff(
  site: Site,
  subjects: readonly Subject[],
  signal: "SIGKILL" | "SIGTERM",
): Promise<readonly Return[]> {
  const missed = [1, 2, 3].map((n) => `${signal}: published while nobody was there, ${n}`);
  const live = `${signal}: published when all are back`;
  const before = await Promise.all(
    subjects.map(async (subject) => ({
      asked: subject.exchanges.length,
      heard: (await subject.heard()).length,
    })),
  );
  await site.restart(signal, missed);
  const openings = await Promise.all(
    subjects.map((subject, index) =>
      subject.untilOpen(before[index]?.asked ?? 0, AWAY_MS).catch(() => null),
    ),
  );
  await site.publish([live]);
  return Promise.all(
    subjects.map(async (subject, index) => {
      const opening = openings[index] ?? null;
      if (opening === null) return GONE;
      const heard = await subject.untilHeard(live, before[index]?.heard ?? 0);
      return { by: carriedBy(opening), resumption: compare(heard, [...missed, live]) };
    }),
  );
}

function compare(heard: readonly unknown[], published: readonly string[]): Resumption {
  if (isDeepStrictEqual(heard, published)) return "exact";
  return published.every((value) => heard.includes(value)) ? "again" : "lost";
}

function carriedBy({ target, lastEventId }: Exchange): string {
  if (lastEventId !== null) return "`Last-Event-ID`";
  const { searchParams } = new URL(target, "http://localhost");
  for (const name of ["lastEventId", "after", "last"])
    if (searchParams.get(name)) return `\`${name}=\``;
  return "nothing";
}

/** Close the stream of a client for good, and see what it asks for then. */
async function closeStream(site: Site, subject: Subject): Promise<Stop> {
  const asked = subject.exchanges.length;
  const stream = subject.exchanges.at(-1)?.stream;
  if (!stream) throw new Error(`${subject.name} has no stream that could be closed`);
  await site.close(stream);
  const closedAt = performance.now();
  const settled = () => {
    const later = subject.exchanges.slice(asked);
    const last = later.at(-1)?.at ?? closedAt;
    const isQuiet = performance.now() > last + QUIET_MS;
    const isBack = later.some((exchange) => exchange.stream !== null);
    const isDone = subject.hasEnded || isQuiet || isBack || later.length > MAX_ENDS;
    return isDone && { isBack, statuses: later.map(({ status }) => status) };
  };
  const { isBack, statuses } = await eventually(STOP_MS, settled, `the end of ${subject.name}`);
  if (isBack) return "comes back";
  if (statuses.some((status) => status !== 204))
    throw new Error(`${subject.name} was answered ${statuses} after its close`);
  return statuses.length === 0 ? "stops" : statuses.length === 1 ? "stops at 204" : "asks on";
}
