import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect } from "chai";

const ROOT = resolve(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/** Files of a folder and its folders, whose name ends so. */
function filesIn(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));
}

/** What each file imports, types too. */
function readImports(folder: string): ReadonlyMap<string, readonly string[]> {
  const known = new Map<string, readonly string[]>();
  for (const file of filesIn(folder, /\.ts$/)) {
    const found = readFileSync(file, "utf8").matchAll(/(?:\bfrom|\bimport\()\s*"(\.[^"]+)"/g);
    known.set(
      file,
      Array.from(found, ([, path = ""]) => resolve(dirname(file), path)),
    );
  }
  return known;
}

/** A circle of imports; null if there is none. */
function findCircle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): readonly string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const imported of imports.get(file) ?? []) {
      const circle = visit(imported);
      if (circle !== null) return circle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of imports.keys()) {
    const circle = visit(file);
    if (circle !== null) return circle.map((name) => relative(ROOT, name));
  }
  return null;
}

/**
 * Rooms of the house, each above those that it may import. Files outside of a folder are rooms of
 * their own.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "cli.ts": ["commands", "process"],
  "index.ts": [
    "foreverframe.ts",
    "options.ts",
    "subscription-event.ts",
    "http",
    "core",
    "settings",
    "logger.ts",
    "errors.ts",
  ],
  commands: [
    "workers",
    "server.ts",
    "tokens",
    "logs",
    "core",
    "process",
    "settings",
    "logger.ts",
    "errors.ts",
    "parse-url.ts",
  ],
  workers: [
    "server.ts",
    "take-log.ts",
    "buses",
    "logs",
    "tls",
    "process",
    "settings",
    "logger.ts",
    "errors.ts",
  ],
  "foreverframe.ts": [
    "arguments.ts",
    "engine.ts",
    "options.ts",
    "subscription.ts",
    "subscription-event.ts",
    "http",
    "core",
    "process",
    "settings",
    "logger.ts",
    "errors.ts",
  ],
  "server.ts": ["engine.ts", "peers.ts", "http", "tls", "core", "process", "settings", "logger.ts"],
  "arguments.ts": ["core", "errors.ts"],
  "options.ts": ["http", "logger.ts"],
  "subscription.ts": ["subscription-event.ts", "http", "transports", "core"],
  "subscription-event.ts": [],
  "engine.ts": [
    "peers.ts",
    "take-log.ts",
    "watches.ts",
    "tokens",
    "session",
    "hooks",
    "http",
    "logs",
    "sources",
    "core",
    "process",
    "settings",
    "logger.ts",
    "errors.ts",
  ],
  "take-log.ts": ["logs", "settings", "logger.ts"],
  "watches.ts": ["tokens", "hooks", "core", "process", "settings", "logger.ts"],
  "peers.ts": ["tokens", "buses", "core", "process", "settings", "logger.ts", "errors.ts"],
  hooks: ["core", "errors.ts"],
  session: ["http", "core", "logger.ts", "errors.ts"],
  tokens: ["http", "core", "logger.ts", "errors.ts"],
  http: [
    "transports",
    "tls",
    "core",
    "process",
    "settings",
    "logger.ts",
    "errors.ts",
    "parse-url.ts",
  ],
  tls: ["core", "settings", "logger.ts", "errors.ts"],
  transports: ["core", "errors.ts"],
  sources: ["core", "errors.ts"],
  logs: ["redis", "core", "errors.ts"],
  buses: ["redis", "core", "errors.ts"],
  redis: ["errors.ts", "parse-url.ts"],
  process: ["core", "logs", "logger.ts"],
  settings: ["redis", "core", "errors.ts", "parse-url.ts"],
  core: ["errors.ts"],
  "logger.ts": [],
  "errors.ts": [],
  "parse-url.ts": [],
};

/** Whether a line is longer than 100 columns for another reason than a string or an address. */
function isTooLong(line: string): boolean {
  if (line.length <= 100) return false;
  const comment = /^\s*(?:\/\/|\/?\*)/.test(line);
  return comment ? !/https?:\S+$/.test(line) : !/["'`/].{20,}["'`/]/.test(line);
}

const roomOf = (file: string) => relative(SRC, file).split("/")[0] ?? "";

describe("the house", () => {
  for (const folder of ["src", "bench"]) {
    it(`has no circle of imports in ${folder}/, not even of types`, () => {
      expect(findCircle(readImports(join(ROOT, folder)))).to.equal(null);
    });
  }

  it("has imports that point down only", () => {
    const upward: string[] = [];
    for (const [file, imports] of readImports(SRC)) {
      for (const imported of imports) {
        const [from, to] = [roomOf(file), roomOf(imported)];
        if (from !== to && ROOMS[from]?.includes(to) !== true)
          upward.push(`${relative(SRC, file)} -> ${relative(SRC, imported)}`);
      }
    }
    expect(upward).to.deep.equal([]);
  });

  it("has lines of at most 100 columns, but for strings that would have to be cut", () => {
    const folders = ["src", "test", "bench", "client", "examples"];
    const files = folders.flatMap((folder) => filesIn(join(ROOT, folder), /\.(?:ts|js|mjs)$/));
    const long = files.flatMap((file) =>
      readFileSync(file, "utf8")
        .split("\n")
        .flatMap((line, n) => (isTooLong(line) ? [`${relative(ROOT, file)}:${n + 1}`] : [])),
    );
    expect(long).to.deep.equal([]);
  });

  it("knows HttpConnection in http/connection/ only", () => {
    const knowing = filesIn(SRC, /\.ts$/).filter(
      (file) =>
        !file.includes("/connection/") && /\bHttpConnection\b/.test(readFileSync(file, "utf8")),
    );
    expect(knowing).to.deep.equal([]);
  });
});
