import { execFileSync } from "node:child_process";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./temporary-directory.ts";

const programs = new Map<string, string>();

/** The program that a C file makes, compiled once a run of the benchmark. @returns its path */
export function compiled(source: URL): string {
  const known = programs.get(source.href);
  if (known !== undefined) return known;
  const path = fileURLToPath(source);
  const program = join(temporaryDirectory(), basename(path, ".c"));
  execFileSync("gcc", ["-O2", "-Wall", "-o", program, path], { stdio: "inherit" });
  programs.set(source.href, program);
  return program;
}
