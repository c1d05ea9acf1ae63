#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { versionFault } from "./process/node-version.ts";

const { version, engines } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string; engines: { node: string } };

// Check before anything else is loaded: an older Node.js would load it, and fail only at the first
// request.
const fault = versionFault(process.versions.node, engines.node);
if (fault === null) {
  const { runProgram } = await import("./commands/program.ts");
  await runProgram(version);
} else {
  process.stderr.write(`foreverframe: ${fault}\n`);
  process.exitCode = 1;
}
