import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { freePort } from "../support/free-port.ts";
import { packProject } from "../support/npm-project.ts";
import { Program } from "../support/program.ts";
import { openFrame, type RawConnection } from "../support/raw-http.ts";
import { runCommand } from "../support/run-command.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";

/** A program of the guide that listens. */
export interface GuideServer {
  readonly program: Program;
  readonly port: number;
  /** Of the application, without a prefix. */
  readonly url: string;
}

/** The application of a reader who follows docs/library.md from its beginning. */
export class GuideProject {
  static #installed: Promise<string> | null = null;

  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** @param commands of "Install", which are run once, beside a checkout that has been packed */
  static async install(commands: string): Promise<GuideProject> {
    GuideProject.#installed ??= GuideProject.#install(commands);
    const installed = await GuideProject.#installed;
    const directory = createTemporaryDirectory();
    // Links: nobody writes into what npm has put there.
    await runCommand("cp", ["-al", `${installed}/.`, directory], ".");
    return new GuideProject(join(directory, "bell"));
  }

  static async #install(commands: string): Promise<string> {
    const directory = createTemporaryDirectory();
    const checkout = join(directory, "foreverframe");
    mkdirSync(checkout);
    await packProject(checkout);
    await runCommand("bash", ["-ec", commands], directory);
    return directory;
  }

  save(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text);
  }

  /** Run a command line there. */
  run(commands: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
    return runCommand("bash", ["-ec", commands], this.directory);
  }

  /** Run a program that prints and may go on for ever. */
  start(text: string, environment: Readonly<Record<string, string>> = {}): Program {
    this.save("program.mjs", text);
    return new Program(process.execPath, ["program.mjs"], this.directory, environment);
  }

  /** Run a program that listens, until it says where. */
  async serve(text: string): Promise<GuideServer> {
    const port = await freePort();
    const program = this.start(text, { PORT: String(port) });
    const [, url = ""] = await program.untilPrinted(/^Open (\S+)$/m);
    return { program, port, url: url.replace("localhost", "127.0.0.1") };
  }
}

/** Check that an application shows the page of the guide, and that its stream brings each ring. */
export async function expectRings(url: string): Promise<RawConnection> {
  const page = await fetch(url);
  expect(page.headers.get("content-type")).to.match(/^text\/html/);
  expect(await page.text()).to.contain("push/foreverframe.mjs");
  const { connection } = await openFrame(`${url}/push`, "channels=bell");
  expect((await fetch(`${url}/ring`, { method: "POST" })).status).to.equal(204);
  const [, message] = await connection.untilEvents((events) => events.length === 2, "the ring");
  expect(message).to.have.property("data").deep.equal({ door: "front" });
  return connection;
}
