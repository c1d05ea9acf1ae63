// Makes static/foreverframe.js of the files beside this one and in stream/. `npm run build:client`
// runs it; a test holds the result to the files.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { minify } from "uglify-js";

/** The files whose variables the page has once, in the order in which these are needed. */
const PAGE_FILES = [
  "platform",
  "options",
  "cursor",
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
  "foreverframe",
];

/**
 * The files whose variables each stream has for itself: together they are open(options)'s body.
 * They read one another's variables and those of the page, but a file assigns only its own.
 */
const STREAM_FILES = [
  "server",
  "token",
  "retry",
  "route",
  "connections",
  "inquiry",
  "echo",
  "blocked",
  "share",
  "stream",
  "page",
];

const OUTPUT = join(import.meta.dirname, "../static/foreverframe.js");

const pagePaths = PAGE_FILES.map((name) => join(import.meta.dirname, `${name}.js`));
const streamPaths = STREAM_FILES.map((name) => join(import.meta.dirname, "stream", `${name}.js`));

/** The files that the script is made of. */
export const SOURCES = [...pagePaths, ...streamPaths];

function readAll(paths) {
  return paths.map((path) => readFileSync(path, "utf8")).join("\n");
}

/** The script as it is served: ECMAScript 3, one global. */
export function buildClient() {
  const open = `function open(options) {\n${readAll(streamPaths)}\nreturn stream;\n}`;
  const source = `${readAll(pagePaths)}\n${open}`;
  // Once, however often a page loads it. `window` and not `this`, which a module does not have.
  const guard = "if (root.foreverframe && root.foreverframe.open) { return; }";
  const whole = `(function (root) {\n${guard}\n${source}\n}(window));`;
  const { code, error } = minify(whole, {
    ie: true,
    webkit: true,
    // `inline: 1` keeps most functions whole: the script is longer, but smaller when compressed.
    compress: { passes: 3, inline: 1 },
    output: { max_line_len: 120 },
  });
  if (error !== undefined) throw error;
  return `/* Foreverframe's client: made of client/, documented in docs/client.md. */\n${code}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(OUTPUT, buildClient());
