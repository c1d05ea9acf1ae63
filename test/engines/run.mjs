// npm run test:engines: the client in every engine of docs/browsers.md, or with --engine in one.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ENGINE_NEEDS } from "../support/engines/programs.mjs";
import { provide } from "../support/needs.mjs";

const ROOT = join(import.meta.dirname, "../..");

const { values } = parseArgs({ options: { engine: { type: "string", multiple: true } } });
const names = values.engine ?? Object.keys(ENGINE_NEEDS);
for (const name of names)
  if (!Object.hasOwn(ENGINE_NEEDS, name)) {
    const known = Object.keys(ENGINE_NEEDS).join(", ");
    process.stderr.write(`There is no engine "${name}": take one of ${known}.\n`);
    process.exit(2);
  }
const needs = names.flatMap((name) => ENGINE_NEEDS[name]);
provide([...new Map(needs.map((need) => [need.name, need])).values()], "The engines need");

const mocha = spawn("node_modules/.bin/mocha", [join(import.meta.dirname, "matrix.ts")], {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, ENGINES: names.join(",") },
});
mocha.once("close", (code) => {
  process.exitCode = code ?? 1;
});
