import { parseArgs } from "node:util";
import type { Measure, Scale } from "./measures/measure.ts";
import type { Suite } from "./report/suite.ts";
import type { Server } from "./servers/server.ts";
import { SUITES } from "./suites.ts";

/** What to measure, and what to write. */
export interface Options {
  readonly suite: Suite;
  readonly scale: Scale;
  /** Runs of each measure on each server. */
  readonly runs: number;
  readonly measures: readonly Measure[];
  readonly servers: readonly Server[];
  /** Whether only some measures are taken: the others keep what the file of results has of them. */
  readonly isPartial: boolean;
  /** Write the results into the documents too. */
  readonly docs: boolean;
}

/** Read the command line. @throws Error of one sentence when it can't be taken */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  const runs = values.runs ?? (values.quick ? "1" : "5");
  if (!/^[1-9]\d{0,2}$/.test(runs)) {
    throw new Error(`--runs is "${runs}", which is no number from 1 to 999`);
  }
  const suite = SUITES.find(({ name }) => name === (values.suite ?? SUITES[0].name));
  if (suite === undefined) {
    const known = SUITES.map(({ name }) => name).join(", ");
    throw new Error(`--suite is "${values.suite}", which is none of ${known}`);
  }
  const { measures, servers, quickServers } = suite;
  return {
    suite,
    scale: values.quick ? "quick" : "full",
    runs: Number(runs),
    measures: chosen("--only", values.only, measures),
    servers: chosen(
      "--servers",
      values.servers ?? (values.quick ? quickServers.join(",") : undefined),
      servers,
    ),
    isPartial: values.only !== undefined,
    docs: values.docs ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        suite: { type: "string" },
        quick: { type: "boolean" },
        runs: { type: "string" },
        only: { type: "string" },
        servers: { type: "string" },
        docs: { type: "boolean" },
      },
    });
  } catch (error) {
    // Node's sentence goes on with how to quote arguments.
    const sentence = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    throw new Error(
      `${sentence}: there are --suite NAME, --quick, --runs N, --only MEASURE,..., --servers SERVER,... and --docs`,
    );
  }
}

/** Those that a list of names asks for, in their own order; all without a list. */
function chosen<Named extends { readonly name: string }>(
  option: string,
  list: string | undefined,
  all: readonly Named[],
): readonly Named[] {
  if (list === undefined) return all;
  const names = list.split(",");
  for (const name of names) {
    if (all.some((one) => one.name === name)) continue;
    const known = all.map((one) => one.name).join(", ");
    throw new Error(`${option} names "${name}", which is none of ${known}`);
  }
  return all.filter(({ name }) => names.includes(name));
}
