import type { Command } from "commander";
import { parseChannelName } from "../core/channel-name.ts";
import { addServerOptions, type ServerAccess, wholeNumber } from "./client-options.ts";
import type { Advice } from "./doctor/advice.ts";
import { conclude, type Finding } from "./doctor/findings.ts";
import type { Measures } from "./doctor/measures.ts";
import { RequestError, tokenHeader } from "./server-client.ts";
import { escapeForTerminal, type Paint, paintFor, type Style, widthOf } from "./terminal.ts";

const MAX_IDLE_S = 3_600;
const DEFAULT_IDLE_S = 20;

interface DoctorOptions extends ServerAccess {
  readonly channel: string;
  readonly idleSeconds: number;
  readonly json?: true;
}

/** What was found on a path. */
interface Report {
  readonly url: string;
  readonly verdict: "ok" | "problems" | "unreachable";
  readonly findings: readonly Finding[];
  readonly measures: Measures | null;
}

const EXIT_CODES: Readonly<Record<Report["verdict"], number>> = {
  ok: 0,
  problems: 1,
  unreachable: 2,
};

const STYLES: Readonly<Record<Finding["level"], Style>> = {
  ok: "green",
  note: "yellow",
  problem: "red",
};

/** Add `foreverframe doctor`. */
export function addDoctorCommand(program: Command): void {
  addServerOptions(program.command("doctor"))
    .summary("examine the path from pages to a server")
    .description(
      "Examine the path from pages to a server, with the proxies on it: what it holds back, cuts, changes or does not let through, and what to write into the proxy's configuration.",
    )
    .option("--channel <name>", "channel to publish some messages to", "ff.doctor")
    .option(
      "--idle-seconds <n>",
      "how long a silent stream is watched: longer than --heartbeat-ms of the server",
      wholeNumber(1, MAX_IDLE_S),
      DEFAULT_IDLE_S,
    )
    .option("--json", "print one JSON object: findings and measures")
    .addHelpText(
      "after",
      `
Exit codes:
  0   all is well
  1   there are problems
  2   no server can be reached

Examples:
  foreverframe doctor --url http://panel.intranet/push/
  foreverframe doctor --url http://panel.intranet/push/ --token-file gate --channel doors.test
  foreverframe doctor --url http://panel.intranet/push/ --idle-seconds 120 --json`,
    )
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const report = await examinePath(options);
  const { stdout } = process;
  stdout.write(
    options.json === true
      ? `${escapeForTerminal(JSON.stringify(report))}\n`
      : formatReport(report, paintFor(stdout), widthOf(stdout)),
  );
  process.exitCode = EXIT_CODES[report.verdict];
}

async function examinePath(options: DoctorOptions): Promise<Report> {
  const { url, idleSeconds } = options;
  const channel = parseChannelName(options.channel);
  try {
    const headers = tokenHeader(options.tokenFile);
    // Loads what it looks with only now: the other commands do without.
    const { examine } = await import("./doctor/examine.ts");
    const measures = await examine({ url, channel, headers, idleSeconds });
    const findings = conclude(measures);
    const isWell = !findings.some(({ level }) => level === "problem");
    return { url, verdict: isWell ? "ok" : "problems", findings, measures };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const finding = {
      check: "path",
      level: "problem",
      sentence: error.message,
      advice: [],
    } as const;
    return { url, verdict: "unreachable", findings: [finding], measures: null };
  }
}

/** Where sentences stand behind the level and the name of the check, in columns. */
const LEVEL_COLUMNS = 8;
const CHECK_COLUMNS = 11;
const PROXY_COLUMNS = 9;
const INDENT = " ".repeat(LEVEL_COLUMNS + CHECK_COLUMNS);

/** @param width of lines; null for as long as they are */
function formatReport(
  { url, verdict, findings }: Report,
  paint: Paint,
  width: number | null,
): string {
  const told = new Set<string>();
  const lines = findings.flatMap(({ check, level, sentence, advice }) => {
    const [first = "", ...rest] = wrap(escapeForTerminal(sentence), width);
    // The same directive often mends several things.
    const isNew = !told.has(JSON.stringify(advice));
    told.add(JSON.stringify(advice));
    return [
      `${paint(STYLES[level], level.padEnd(LEVEL_COLUMNS))}${check.padEnd(CHECK_COLUMNS)}${first}`,
      ...rest.map((line) => INDENT + line),
      ...(isNew ? advice.flatMap((one) => formatAdvice(one, paint)) : []),
    ];
  });
  const problems = findings.filter(({ level }) => level === "problem").length;
  const end =
    verdict === "ok"
      ? paint("green", "All is well.")
      : paint("red", problems === 1 ? "There is 1 problem." : `There are ${problems} problems.`);
  return [`The path to ${escapeForTerminal(url)}`, ...lines, end, ""].join("\n");
}

function formatAdvice({ proxy, directives }: Advice, paint: Paint): readonly string[] {
  return directives.map(
    (line, i) => INDENT + (i === 0 ? proxy : "").padEnd(PROXY_COLUMNS) + paint("bold", line),
  );
}

/** Break a sentence between words, so that it fits behind the indent. */
function wrap(text: string, width: number | null): readonly string[] {
  const room = width === null ? Number.POSITIVE_INFINITY : Math.max(20, width - INDENT.length);
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
