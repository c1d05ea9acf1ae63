import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ForeverframeError } from "../errors.ts";

/** How a file is checked. */
export interface ProbeOptions {
  /**
   * The probe gives up looking after this many ms: what it has not seen by then it takes for whole.
   */
  readonly limitMs: number;
  /** What the file is called in errors; itself without it. */
  readonly shownAs?: string;
}

/** A server starts without having looked at everything. */
const START: ProbeOptions = { limitMs: 10_000 };

/** How the probe ends when the file is damaged. Node itself uses 1 to 14, and 128 on. */
export const DAMAGED = 64;

/**
 * Check a log's file in a process of its own: LMDB reads the file as memory, so a process that
 * reads one which is cut short or damaged dies without a word.
 *
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function probeLmdbLog(
  directory: string,
  { limitMs, shownAs = directory }: ProbeOptions = START,
): Promise<void> {
  const file = join(shownAs, "data.mdb");
  const path = join(directory, "data.mdb");
  if (!existsSync(path)) return; // a new log
  if (statSync(path).size === 0) throw damaged(file, "it is empty");
  const program = fileURLToPath(
    new URL(`./lmdb-probe-process${extname(import.meta.url)}`, import.meta.url),
  );
  // An application's own options must not run it again here, nor what it preloads. Only from source
  // is a loader needed.
  const options = program.endsWith(".ts") ? process.execArgv : [];
  const child = spawn(process.execPath, [...options, program, directory], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  let complaint = "";
  child.stderr.on("data", (data) => {
    complaint = (complaint + data).slice(-2_000);
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
    (resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode, exitSignal) =>
        resolve({ code: exitCode, signal: exitSignal }),
      );
    },
  );
  clearTimeout(timer);
  if (code === 0 || signal === "SIGKILL") return;
  if (signal !== null) throw damaged(file, `reading it ends with ${signal}`);
  const reason = /^\w*Error: (.*)$/m.exec(complaint)?.[1] ?? `it ends with ${code}`;
  if (code === DAMAGED) throw damaged(file, reason);
  throw new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `The log's file "${file}" can't be checked (${reason}): see that programs can be started here, and try again`,
  );
}

function damaged(file: string, reason: string): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `The log's file "${file}" is damaged (${reason}): put a backup in its place, or move it away to start with an empty log`,
  );
}
