import type { Command } from "commander";
import type { ChannelUse } from "../core/figures.ts";
import type { ChannelSummary } from "../core/summaries.ts";
import { type AdminAccess, addAdminOptions, adminHeader, wholeNumber } from "./client-options.ts";
import { requestJson, routeUrl } from "./server-client.ts";
import { type Column, formatTable } from "./table.ts";
import { escapeForTerminal, paintFor, widthOf } from "./terminal.ts";
import { formatCount } from "./units.ts";

/** Most channels that one request lists. */
const PAGE = 1_000;

const MAX_LIMIT = 1_000_000;

interface ChannelsOptions extends AdminAccess {
  readonly limit: number;
  readonly json?: true;
}

/** A channel as the server lists it. */
type ListedChannel = ChannelSummary & ChannelUse;

const COLUMNS: readonly Column<ListedChannel>[] = [
  { title: "CHANNEL", align: "left", cutTo: 20, text: ({ channel }) => channel },
  { title: "MESSAGES", align: "right", text: ({ messages }) => String(messages) },
  { title: "READERS", align: "right", text: ({ readers }) => String(readers) },
  { title: "PER S", align: "right", text: ({ rate }) => rate.toFixed(1) },
  { title: "LAST ID", align: "left", text: ({ last }) => last },
];

/** Add `foreverframe channels`. */
export function addChannelsCommand(program: Command): void {
  addAdminOptions(program.command("channels"))
    .summary("list channels that keep messages")
    .description(
      "List channels that keep messages, by name: as a table, or one JSON object a line.",
    )
    .option("--limit <n>", "most channels to list", wholeNumber(1, MAX_LIMIT), PAGE)
    .option("--json", "print one JSON object a line")
    .addHelpText(
      "after",
      `
Examples:
  foreverframe channels
  foreverframe channels --json | jq -r .channel`,
    )
    .action(listChannels);
}

async function listChannels(options: ChannelsOptions): Promise<void> {
  const { limit, json } = options;
  const { stdout } = process;
  const { channels, isAll } = await readChannels(options);
  if (json === true) {
    for (const channel of channels) stdout.write(`${escapeForTerminal(JSON.stringify(channel))}\n`);
    return;
  }
  stdout.write(formatTable(COLUMNS, channels, widthOf(stdout), paintFor(stdout)));
  const count = formatCount(channels.length, "channel");
  process.stderr.write(
    isAll ? `${count}\n` : `the first ${count}: raise --limit ${limit} for more\n`,
  );
}

async function readChannels(
  options: ChannelsOptions,
): Promise<{ readonly channels: readonly ListedChannel[]; readonly isAll: boolean }> {
  const { limit } = options;
  const channels: ListedChannel[] = [];
  for (;;) {
    const wanted = Math.min(PAGE, limit - channels.length);
    const url = routeUrl(options.url, "channels");
    url.searchParams.set("limit", String(wanted));
    url.searchParams.set("after", channels.at(-1)?.channel ?? "");
    const headers = adminHeader(options);
    const page = await requestJson<{ channels: readonly ListedChannel[] }>(url, { headers });
    channels.push(...page.channels);
    if (page.channels.length < wanted) return { channels, isAll: true };
    if (channels.length >= limit) return { channels, isAll: false };
  }
}
