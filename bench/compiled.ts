import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./measured-process.ts";

const programs = new Map<string, string>();

/** Path of a C program of this directory, compiled once a run of the benchmark. */
export function compiled(name: "fanout_load" | "send_loop_limit"): string {
  const known = programs.get(name);
  if (known !== undefined) return known;
  const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url));
  const program = join(temporaryDirectory(), name);
  execFileSync("gcc", ["-O2", "-Wall", "-o", program, source], { stdio: "inherit" });
  programs.set(name, program);
  return program;
}
