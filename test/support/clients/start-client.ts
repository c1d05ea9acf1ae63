import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { Page } from "puppeteer-core";
import { PROJECT } from "../npm-project.ts";
import { Program } from "../program.ts";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import { type Client, codeFor, type Runtime } from "./client.ts";

/** The code of a client, while it runs. */
export interface Running {
  /** The whole lines that it has printed so far. */
  lines(): Promise<readonly string[]>;
  /** Whether it has ended, so that it can't ask for anything any more. */
  readonly hasEnded: boolean;
}

/** What each runtime is called by, and the end of its files' names. */
const COMMANDS: Readonly<Record<Exclude<Runtime, "Chromium">, readonly [string, string]>> = {
  Node: [process.execPath, "mjs"],
  Python: ["/usr/bin/python3", "py"], // Debian's, which has Debian's packages
  PHP: ["php", "php"],
};

/**
 * Run a client.
 *
 * @param id goes into its requests, as `client`
 * @param url of its server
 * @param page from that server, where it is a client for browsers
 */
export function startClient(client: Client, id: string, url: string, page: Page): Promise<Running> {
  return client.runtime === "Chromium"
    ? startInPage(codeFor(client, "", id), id, page)
    : startProgram(codeFor(client, url, id), COMMANDS[client.runtime]);
}

async function startProgram(
  code: string,
  [command, extension]: readonly [string, string],
): Promise<Running> {
  const directory = createTemporaryDirectory();
  symlinkSync(join(PROJECT, "node_modules"), join(directory, "node_modules"));
  const file = join(directory, `client.${extension}`);
  writeFileSync(file, code);
  const program = new Program(command, [file], directory);
  return {
    lines: async () => program.output.split("\n").slice(0, -1),
    get hasEnded() {
      return program.hasEnded;
    },
  };
}

/** Run code in a page, together with all that it imports. */
async function startInPage(code: string, id: string, page: Page): Promise<Running> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: PROJECT },
    bundle: true,
    format: "iife",
    write: false,
  });
  const printed = `window.printed[${JSON.stringify(id)}]`;
  await page.evaluate(`{
    window.printed ??= {};
    ${printed} = [];
    const console = { log: (line) => ${printed}.push(line), error() {} };
    ${outputFiles[0]?.text}
  }`);
  return {
    lines: async () => (await page.evaluate(printed)) as readonly string[],
    hasEnded: false,
  };
}
