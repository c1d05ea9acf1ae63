import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { within } from "../../test/support/within.ts";
import {
  type MeasuredProcess,
  startProcess,
  untilListening,
} from "../processes/measured-process.ts";
import type { Living, StartOptions } from "./server.ts";

const COLLECT = new URL("./collect-garbage.mjs", import.meta.url).href;
const COLLECT_MS = 30_000;

/** A Node program that serves. */
export interface NodeServer {
  readonly process: MeasuredProcess;
  collect(): Promise<Living>;
}

/** Start a Node program and wait until it listens. */
export async function startNodeServer(
  args: readonly string[],
  port: number,
  { collectable = false }: StartOptions,
): Promise<NodeServer> {
  const preload = collectable ? ["--expose-gc", "--import", COLLECT] : [];
  const process_ = startProcess(
    process.execPath,
    [...preload, ...args],
    ["ignore", "ignore", collectable ? "pipe" : "ignore"],
  );
  const answers = process_.child.stdio[3] as Readable | null;
  const lines = answers && createInterface({ input: answers });
  await untilListening(process_, port);
  return {
    process: process_,
    collect() {
      if (lines === null) throw new Error("the server was not started collectable");
      const answer = new Promise<Living>((resolve) =>
        lines.once("line", (line) => resolve(JSON.parse(line) as Living)),
      );
      process_.child.kill("SIGUSR2");
      return within(COLLECT_MS, answer, "a collection");
    },
  };
}
