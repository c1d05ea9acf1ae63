import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { addServerOptions, type ServerAccess } from "./client-options.ts";
import { linesOf, parseEvent } from "./event-lines.ts";
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
      ).conflicts("last"),
    )
    .option("--last <n>", "start with the last n messages")
    .addHelpText(
      "after",
      `
Examples:
  foreverframe tail 'doors,log.**'
  foreverframe tail doors.north --last 3
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
async function tail({ url, tokenFile, channels, after, last, write }: TailOptions): Promise<void> {
  let cursor: string | null = after ?? null;
  let failures = 0;
  let connected = false;
  for (;;) {
    const target = routeUrl(url, "stream");
    target.searchParams.set("transport", "ndjson");
    target.searchParams.set("channels", channels);
    if (cursor !== null) target.searchParams.set("after", cursor);
    else if (last !== undefined) target.searchParams.set("last", last);
    try {
      const ending = await follow(
        await request(target, { headers: tokenHeader(tokenFile) }),
        cursor,
        (line) => {
          connected = true;
          failures = 0;
          write(line);
        },
      );
      cursor = ending.cursor;
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

async function follow(
  response: Response,
  from: string | null,
  write: (line: string) => void,
): Promise<Ending> {
  let cursor = from;
  let retryMs: number | null = 500;
  for await (const line of linesOf(response)) {
    const event = parseEvent(line);
    write(`${escapeForTerminal(line)}\n`);
    cursor = event.id ?? event.cursor ?? cursor;
    if (event.type === "close") retryMs = event.reconnect ? (event.retryMs ?? 0) : null;
  }
  return { cursor, retryMs };
}
