import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.ts";
import { Program } from "../program.ts";
import { ask } from "../request.ts";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import type { Driver } from "./driver.ts";
import { ToldDriver } from "./told-driver.ts";

const HOST = fileURLToPath(new URL("phantom-host.js", import.meta.url));

/** Longest until it has done what it was told, in ms. */
const ANSWER_MS = 30_000;

/**
 * Start a PhantomJS.
 *
 * @param command path of the program
 * @param environment what that version needs beside
 */
export async function startPhantom(
  command: string,
  environment: Readonly<Record<string, string>>,
): Promise<Driver> {
  const port = await freePort();
  const home = createTemporaryDirectory();
  const program = new Program(command, [HOST, String(port)], home, {
    HOME: home,
    XDG_DATA_HOME: home,
    // The one for which it was made; with another, 2.1.1 looks for a plugin and gives up.
    QT_QPA_PLATFORM: "phantom",
    ...environment,
  });
  await program.untilPrinted(/^ready$/m);
  return new Phantom(program, `http://127.0.0.1:${port}`);
}

class Phantom extends ToldDriver {
  readonly #program: Program;
  readonly #url: string;

  constructor(program: Program, url: string) {
    super();
    this.#program = program;
    this.#url = url;
  }

  get pid(): number {
    return this.#program.pid;
  }

  async errors(): Promise<readonly string[]> {
    return JSON.parse(await this.tell("errors")) as string[];
  }

  async isBusy(): Promise<boolean> {
    return (await this.tell("busy")) === "true";
  }

  async end(): Promise<void> {
    await this.#program.stop("SIGKILL");
  }

  protected async tell(name: string, argument = ""): Promise<string> {
    const encoded = Buffer.from(encodeURIComponent(argument)).toString("base64url");
    const path = `/${name}/${encoded}`;
    const { status, text } = await ask(this.#url, "GET", path, { ms: ANSWER_MS });
    const value = decodeURIComponent(text);
    if (status !== 200) throw new Error(`PhantomJS could not ${name}: ${value}`);
    return value;
  }
}
