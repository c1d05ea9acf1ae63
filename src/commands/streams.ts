import { setTimeout as pause } from "node:timers/promises";
import { type Command, Option } from "commander";
import type { StreamSummary } from "../core/summaries.ts";
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

/** A stream as the server lists it. */
interface ListedStream extends StreamSummary {
  /** Messages that it has not been given yet; null if that is not known. */
  readonly lag?: number | null;
  /** Bytes that wait for its client to read. */
  readonly queuedBytes?: number;
  /** The user whom its token or the application names. */
  readonly subject?: string | null;
}

interface StreamsPage {
  readonly streams: readonly ListedStream[];
  readonly total: number;
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

const COLUMNS: readonly Column<ListedStream>[] = [
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
    text: ({ queuedBytes }) => (queuedBytes === undefined ? undefined : formatBytes(queuedBytes)),
  },
  { title: "MSGS", align: "right", text: ({ messages }) => String(messages) },
  { title: "SENT", align: "right", text: ({ bytes }) => formatBytes(bytes) },
  { title: "AGE", align: "right", text: ({ openMs }) => formatDuration(openMs) },
];

/** Where the server counts no lag: whether the stream has all, or is still reading. */
function lagOf({ lag, live }: ListedStream): string {
  return lag == null ? (live ? "live" : "behind") : String(lag);
}

/** Add `foreverframe streams`. */
export function addStreamsCommand(program: Command): void {
  addAdminOptions(program.command("streams"))
    .summary("list open streams")
    .description("List open streams: as a table, or one JSON object a line.")
    .option("--client <name>", "only those of this client")
    .option("--channel <name>", "only those that are given this channel's messages")
    .addOption(
      new Option("--transport <transport>", "only those of this transport").choices([
        "frame",
        "poll",
        "sse",
        "ndjson",
        "ws",
      ]),
    )
    .addOption(
      new Option(
        "--sort <by>",
        `order: handles rise, all others fall; at most ${PAGE} streams unless by handle`,
      ).choices(["handle", "lag", "bytes", "age", "messages"]),
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

/** Read as many pages as are wanted. Only by handle can the next page follow on the last. */
async function readStreams(options: StreamsOptions): Promise<StreamsPage> {
  const { client, channel, transport, sort, limit } = options;
  const isByHandle = sort === undefined || sort === "handle";
  const streams: ListedStream[] = [];
  for (let after = 0; ; ) {
    const wanted = Math.min(PAGE, limit - streams.length);
    const url = routeUrl(options.url, "streams");
    const query = { client, channel, transport, sort, limit: wanted, after: after || undefined };
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const page = await requestJson<StreamsPage>(url, { headers: adminHeader(options) });
    streams.push(...page.streams);
    const last = page.streams.at(-1);
    const isOver = page.streams.length < wanted || streams.length >= limit || !isByHandle;
    if (isOver || last === undefined) return { ...page, streams };
    after = last.handle;
  }
}
