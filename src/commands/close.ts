import { type Command, Option } from "commander";
import type { Receipt } from "../core/summaries.ts";
import { type AdminAccess, addAdminOptions, adminHeader, wholeNumber } from "./client-options.ts";
import { requestJson, routeUrl } from "./server-client.ts";
import { escapeForTerminal } from "./terminal.ts";
import { formatCount, formatDuration } from "./units.ts";

/** The options that say what is closed: one of them is given. */
const TARGETS = ["stream", "handle", "client", "channel"] as const;

interface CloseOptions extends AdminAccess {
  readonly stream?: string;
  readonly handle?: number;
  readonly client?: string;
  readonly channel?: string;
  readonly text?: string;
  readonly json?: true;
}

/** What the server answers: a stream's receipt, or how many streams there were. */
type CloseAnswer = Receipt | { readonly closed: number };

/** Add `foreverframe close`. */
export function addCloseCommand(program: Command): void {
  const command = addAdminOptions(program.command("close"))
    .summary("close one stream, or all of a client or a channel")
    .description(
      "Close one stream, or all of a client or a channel. Their clients are told that it was on purpose, and do not come back by themselves.",
    );
  const target = (flags: string, help: string) => {
    const option = new Option(flags, help);
    const name = option.attributeName();
    return option.conflicts(TARGETS.filter((other) => other !== name));
  };
  command
    .addOption(target("--stream <id>", "the stream of this id, as its open event has it"))
    .addOption(
      target(
        "--handle <n>",
        'the stream of this handle, as "foreverframe streams" lists it',
      ).argParser(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
    )
    .addOption(target("--client <name>", "all streams of this client"))
    .addOption(target("--channel <name>", "all streams that are given this channel's messages"))
    .option("--text <text>", "what the clients are told besides")
    .option("--json", "print the server's answer")
    .addHelpText(
      "after",
      `
Examples:
  foreverframe close --handle 7
  foreverframe close --client kiosk-7
  foreverframe close --channel doors.north --text "maintenance until 6"`,
    )
    .action(async (options: CloseOptions) => {
      const path = pathOf(options);
      if (path !== null) return close(path, options);
      command.error("say what to close: --stream, --handle, --client or --channel");
    });
}

/** @returns null if nothing is to be closed */
function pathOf({ stream, handle, client, channel }: CloseOptions): string | null {
  if (stream !== undefined) return `streams/${encodeURIComponent(stream)}/close`;
  if (handle !== undefined) return `streams/${handle}/close`;
  // A client "." or ".." loses a segment of its path here, as the server expects.
  if (client !== undefined) return `clients/${encodeURIComponent(client)}/close`;
  return channel === undefined ? null : `channels/${encodeURIComponent(channel)}/close`;
}

async function close(path: string, options: CloseOptions): Promise<void> {
  const { url, text, json } = options;
  const answer = await requestJson<CloseAnswer>(routeUrl(url, path), {
    method: "POST",
    headers: {
      ...adminHeader(options),
      ...(text === undefined ? {} : { "Content-Type": "application/json" }),
    },
    body: text === undefined ? null : JSON.stringify({ text }),
  });
  const line = json === true ? JSON.stringify(answer) : describe(answer);
  process.stdout.write(`${escapeForTerminal(line)}\n`);
}

function describe(answer: CloseAnswer): string {
  if (typeof answer.closed === "number") return `closed ${formatCount(answer.closed, "stream")}`;
  const { reason, messages, openMs } = answer as Receipt;
  return `closed (${reason}) after ${formatDuration(openMs)} and ${formatCount(messages, "message")}`;
}
