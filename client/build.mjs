// Makes static/foreverframe.js of the files beside this one. Run by `npm run build:client`; a test holds the result to them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { minify } from "uglify-js";

/** In the order in which their variables are needed. */
const FILES = [
  "platform",
  "events",
  "connection",
  "frame",
  "poll",
  "ndjson",
  "sse",
  "websocket",
  "path",
  "state",
  "watch",
  "tabs",
  "stream",
  "foreverframe",
];

const OUTPUT = join(import.meta.dirname, "../static/foreverframe.js");

/** The names of the files that the script is made of. */
export const SOURCES = FILES.map((name) => join(import.meta.dirname, `${name}.js`));

/** The script as it is served: ECMAScript 3, one global. */
export function buildClient() {
  const source = SOURCES.map((path) => readFileSync(path, "utf8")).join("\n");
  // Once, however often a page loads it. `window` and not `this`, which a module does not have.
  const whole = `(function (root) {\nif (root.foreverframe && root.foreverframe.open) { return; }\n${source}\n}(window));`;
  const { code, error } = minify(whole, {
    ie: true,
    webkit: true,
    output: { max_line_len: 120 },
  });
  if (error !== undefined) throw error;
  return `/* Foreverframe's client: made of client/*.js, documented in docs/client.md. */\n${code}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(OUTPUT, buildClient());
