import type { Command } from "commander";
import { parseChannelName } from "../core/channel-name.ts";
import { type BenchResult, BenchRun } from "./bench-run.ts";
import { addServerOptions, type ServerAccess, wholeNumber } from "./client-options.ts";
import { startProgress } from "./progress.ts";
import { tokenHeader } from "./server-client.ts";
import { type Paint, paintFor } from "./terminal.ts";
import { formatCount, formatMs } from "./units.ts";

const MAX_STREAMS = 10_000;
const MAX_RATE = 10_000;
const MAX_SECONDS = 3_600;

interface BenchOptions extends ServerAccess {
  readonly streams: number;
  readonly rate: number;
  readonly seconds: number;
  readonly channel: string;
  readonly json?: true;
}

/** Add `foreverframe bench`. */
export function addBenchCommand(program: Command): void {
  addServerOptions(program.command("bench"))
    .summary("put a load on a running server, and measure it")
    .description(
      "Open streams to a running server, publish at a rate, and measure what comes when. This process works too: on one machine both share its processors.",
    )
    .option("--streams <n>", "streams to open", wholeNumber(1, MAX_STREAMS), 100)
    .option("--rate <n>", "messages to publish in a second", wholeNumber(1, MAX_RATE), 100)
    .option("--seconds <n>", "how long to publish", wholeNumber(1, MAX_SECONDS), 10)
    .option("--channel <name>", "channel to publish to", "ff.bench")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Ctrl-C ends the load early, and prints what was measured until then. The exit
code is 1 if a message was lost or came twice.

Examples:
  foreverframe bench --streams 500 --rate 200 --seconds 30
  foreverframe bench --url http://panel.intranet/push/ --token-file both --json`,
    )
    .action(bench);
}

async function bench(options: BenchOptions): Promise<void> {
  const channel = parseChannelName(options.channel);
  const run = new BenchRun({ ...options, channel, headers: tokenHeader(options.tokenFile) });
  process.once("SIGINT", () => run.interrupt());
  let stop = () => {};
  try {
    await run.open();
    const told = () => `${run.deliveries} deliveries`;
    stop = startProgress("publishing", 1_000 * options.seconds, told);
    await run.load();
  } catch (error) {
    run.end();
    throw error;
  } finally {
    stop();
  }
  const result = run.end();
  const { stdout } = process;
  stdout.write(
    options.json === true ? `${JSON.stringify(result)}\n` : formatResult(result, paintFor(stdout)),
  );
  if (result.lost > 0 || result.doubled > 0) process.exitCode = 1;
}

function formatResult(result: BenchResult, paint: Paint): string {
  const { streams, broken, seconds, published, failed, latencyMs, lost, doubled } = result;
  const bad = (count: number) => paint(count > 0 ? "red" : "green", String(count));
  const latency =
    latencyMs === null
      ? "nothing came"
      : `p50 ${formatMs(latencyMs.p50)}, p99 ${formatMs(latencyMs.p99)}, p99.9 ${formatMs(latencyMs.p999)}`;
  return [
    `streams     ${streams}, of which ${bad(broken)} ended early`,
    `published   ${formatCount(published, "message")} in ${seconds.toFixed(1)} s, ${bad(failed)} more failed`,
    `delivered   ${result.deliveries}, ${paint("bold", `${result.deliveriesPerSecond}/s`)}`,
    `latency     ${paint("bold", latency)}`,
    `lost        ${bad(lost)}`,
    `doubled     ${bad(doubled)}`,
    "",
  ].join("\n");
}
