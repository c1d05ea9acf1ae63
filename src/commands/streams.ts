import { setTimeout as pause } from "node:timers/promises";
import { type Command, Option } from "commander";
import { SORT_KEYS } from "../core/stream-list.ts";
import type { StreamSummary } from "../core/summaries.ts";
import { TRANSPORTS } from "../core/transport.ts";
import { type AdminAccess, addAdminOptions, adminHeader, wholeNumber } from "./client-options.ts";
import { requestJson, routeUrl } from "./server-client.ts";
import { type Column, formatTable } from "./table.ts";
import { escapeForTerminal, paintFor, widthOf } from "./terminal.ts";
import { formatBytes, formatCount, formatDuration } from "./units.ts";

/** Most streams that one request lists. */
const PAGE = 1_000;

const MAX_LIMIT = 100_000;

/** Moves the cursor home and clears what was there: a terminal's own sequence. */
const CLEAR = "\u001b[H\u001b[2J";

interface StreamsPage {
  readonly streams: readonly StreamSummary[];
  readonly total: number;
  /** Where the next page starts; null for the last page. */
  readonly next: string | null;
  readonly draining: boolean;
}

interface StreamsOptions extends AdminAccess {
  readonly client?: string;
  readonly channel?: string;
  readonly transport?: string;
  readonly sort?: string;
  readonly limit: number;
  /** Seconds between two looks; true for the default. */
  readonly watch?: number | true;
  readonly json?: true;
}

const DEFAULT_WATCH_S = 2;

const COLUMNS: readonly Column<StreamSummary>[] = [
  { title: "HANDLE", align: "right", text: ({ handle }) => String(handle) },
  { title: "CLIENT", align: "left", cutTo: 8, text: ({ client }) => client ?? undefined },
  { title: "SUBJECT", align: "left", cutTo: 8, text: ({ subject }) => subject ?? undefined },
  { title: "ADDRESS", align: "left", cutTo: 9, text: ({ address }) => address ?? undefined },
  { title: "VIA", align: "left", text: ({ transport }) => transport },
  { title: "CHANNELS", align: "left", cutTo: 8, text: ({ channels }) => channels.join(",") },
  { title: "LAG", align: "right", text: lagOf },
  {
    title: "QUEUED",
    align: "right",
    text: ({ queuedBytes }) => formatBytes(queuedBytes),
  },
  { title: "MSGS", align: "right", text: ({ messages }) => String(messages) },
  { title: "SENT", align: "right", text: ({ bytes }) => formatBytes(bytes) },
  { title: "AGE", align: "right", text: ({ openMs }) => formatDuration(openMs) },
];

/** How old the last place is that it was given, while there is more for it. */
function lagOf({ lagMs, live }: StreamSummary): string {
  return lagMs > 0 ? formatDuration(lagMs) : live ? "live" : "none";
}

/** Add `foreverframe streams`. */
export function addStreamsCommand(program: Command): void {
  addAdminOptions(program.command("streams"))
    .summary("list open streams")
    .description("List open streams: as a table, or one JSON object a line.")
    .option("--client <name>", "only those of this client")
    .option("--channel <name>", "only those that are given this channel's messages")
    .addOption(
      new Option("--transport <transport>", "only those of this transport").choices(TRANSPORTS),
    )
    .addOption(
      new Option(
        "--sort <by>",
        "order: the first opened by handle or age, else the largest first",
      ).choices(SORT_KEYS),
    )
    .option("--limit <n>", "most streams to list", wholeNumber(1, MAX_LIMIT), 100)
    .option(
      "--watch [seconds]",
      "list them again and again, until interrupted",
      wholeNumber(1, 3_600),
    )
    .option("--json", "print one JSON object a line")
    .addHelpText(
      "after",
      `
Examples:
  foreverframe streams --channel doors.north
  foreverframe streams --sort lag --limit 10 --watch
  foreverframe streams --json | jq -r 'select(.client == null) | .address'`,
    )
    .action(listStreams);
}

async function listStreams(options: StreamsOptions): Promise<void> {
  const { watch, json } = options;
  const { stdout } = process;
  for (;;) {
    const page = await readStreams(options);
    if (json === true) {
      for (const stream of page.streams)
        stdout.write(`${escapeForTerminal(JSON.stringify(stream))}\n`);
    } else {
      const table = formatTable(COLUMNS, page.streams, widthOf(stdout), paintFor(stdout));
      stdout.write(watch !== undefined && stdout.isTTY ? CLEAR + table : table);
      process.stderr.write(`${footOf(page)}\n`);
    }
    if (watch === undefined) return;
    await pause(1_000 * (watch === true ? DEFAULT_WATCH_S : watch));
  }
}

function footOf({ streams, total, draining }: StreamsPage): string {
  const count =
    streams.length === total
      ? formatCount(total, "stream")
      : `${streams.length} of ${formatCount(total, "stream")}`;
  return draining ? `${count}; the server is stopping` : count;
}

/** Read as many pages as are wanted. */
async function readStreams(options: StreamsOptions): Promise<StreamsPage> {
  const { client, channel, transport, sort, limit } = options;
  const streams: StreamSummary[] = [];
  for (let after: string | null | undefined; ; ) {
    const wanted = Math.min(PAGE, limit - streams.length);
    const url = routeUrl(options.url, "streams");
    const query = { client, channel, transport, sort, limit: wanted, after };
    for (const [name, value] of Object.entries(query))
      if (value != null) url.searchParams.set(name, String(value));
    const page = await requestJson<StreamsPage>(url, { headers: adminHeader(options) });
    streams.push(...page.streams);
    if (page.next === null || streams.length >= limit) return { ...page, streams };
    after = page.next;
  }
}
