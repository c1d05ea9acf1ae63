import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { epochOf } from "../core/cursor.ts";
import { addServerOptions, type ServerAccess } from "./client-options.ts";
import { type LineEvent, linesOf, parseEvent } from "./event-lines.ts";
import { RequestError, request, routeUrl, tokenHeader } from "./server-client.ts";
import { escapeForTerminal } from "./terminal.ts";

/** Pauses before each new try to reach a server that has gone away, in ms. */
const RETRY_DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000, 15_000];

/** What `foreverframe tail` is given. */
interface TailOptions extends ServerAccess {
  /** Comma-separated selectors. */
  readonly channels: string;
  readonly after?: string | undefined;
  readonly last?: string | undefined;
  readonly each?: string | undefined;
  readonly since?: string | undefined;
  readonly latest?: boolean | undefined;
  /** Takes one event with its line end. */
  readonly write: (line: string) => void;
}

/** How one connection ended. */
interface Ending {
  readonly cursor: string | null;
  /** Ms to wait before resuming; null if the server said that the stream is over. */
  readonly retryMs: number | null;
}

/** Add `foreverframe tail`. */
export function addTailCommand(program: Command): void {
  const command = program
    .command("tail")
    .summary("print the events of channels as they come")
    .description(
      "Print the events of channels, one JSON object a line, and resume when the connection breaks.",
    )
    .argument("<channels>", "comma-separated channels or patterns, such as doors.*");
  addServerOptions(command)
    .addOption(
      new Option(
        "--after <cursor>",
        'start after this cursor; "earliest" for all that is kept',
      ).conflicts(["last", "each", "since"]),
    )
    .addOption(
      new Option("--last <n>", "start with the last n messages").conflicts(["each", "since"]),
    )
    .addOption(
      new Option("--each <n>", "start with the last n messages of each channel").conflicts([
        "since",
        "latest",
      ]),
    )
    .option("--since <time>", "start at this time: Unix ms, or ISO 8601 with its zone")
    .option("--latest", "when behind, print only the newest message of each channel")
    .addHelpText(
      "after",
      `
Examples:
  foreverframe tail 'doors,log.**'
  foreverframe tail doors.north --last 3
  foreverframe tail 'doors.**' --each 1
  foreverframe tail doors.north --after earliest | jq -c 'select(.type == "message") | .data'`,
    )
    .action((channels: string, options: Omit<TailOptions, "channels" | "write">) =>
      tail({ ...options, channels, write: (line) => process.stdout.write(line) }),
    );
}

/**
 * `foreverframe tail`: prints events as NDJSON until the stream is closed on purpose, and resumes
 * from its cursor when the connection breaks.
 *
 * @throws ForeverframeError when the server is not there, or refuses
 */
async function tail({ url, tokenFile, write, ...wanted }: TailOptions): Promise<void> {
  let cursor: string | null = wanted.after ?? null;
  let isStarted = wanted.each === undefined;
  let failures = 0;
  let connected = false;
  for (;;) {
    // A start with the last of each channel that was cut is asked for anew: after the cursor would
    // come all that the other channels have.
    const target = targetOf(url, wanted, isStarted ? cursor : null);
    const seen = isStarted ? null : cursor;
    try {
      const ending = await follow(
        await request(target, { headers: tokenHeader(tokenFile) }),
        cursor,
        (line, event) => {
          connected = true;
          failures = 0;
          if (event.type === "live") isStarted = true;
          if (!isSeen(event.id, seen)) write(line);
        },
      );
      if (!isSeen(ending.cursor, seen)) cursor = ending.cursor;
      if (ending.retryMs === null) return;
      await sleep(ending.retryMs);
    } catch (error) {
      const delay = RETRY_DELAYS_MS[failures++];
      if (
        !connected ||
        !(error instanceof RequestError && error.isTemporary) ||
        delay === undefined
      )
        throw error;
      await sleep(delay);
    }
  }
}

/** Whether `place` is not beyond what was printed before. */
function isSeen(place: string | null | undefined, seen: string | null): boolean {
  if (seen === null || typeof place !== "string") return false;
  return epochOf(place) === epochOf(seen) && place <= seen;
}

type Wanted = Pick<TailOptions, "channels" | "last" | "each" | "since" | "latest">;

/** @param cursor where to resume; null to start as is wanted */
function targetOf(url: string, wanted: Wanted, cursor: string | null): URL {
  const { channels, last, each, since, latest } = wanted;
  const target = routeUrl(url, "stream");
  const start = cursor === null ? { last, each, since } : { after: cursor };
  const isLatest = latest === true ? "1" : undefined;
  const parameters = { transport: "ndjson", channels, ...start, latest: isLatest };
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) target.searchParams.set(name, value);
  return target;
}

async function follow(
  response: Response,
  from: string | null,
  write: (line: string, event: LineEvent) => void,
): Promise<Ending> {
  let cursor = from;
  let retryMs: number | null = 500;
  for await (const line of linesOf(response)) {
    const event = parseEvent(line);
    write(`${escapeForTerminal(line)}\n`, event);
    cursor = event.id ?? event.cursor ?? cursor;
    if (event.type === "close") retryMs = event.reconnect ? (event.retryMs ?? 0) : null;
  }
  return { cursor, retryMs };
}
