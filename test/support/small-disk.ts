import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { eventually, within } from "./within.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const isRoot = process.getuid?.() === 0;

/** A server whose log is on a small file system of its own, which only it sees. */
export class SmallDiskServer {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #data: string;
  readonly #ended: Promise<number | null>;

  private constructor(data: string, script: string) {
    this.#data = data;
    const namespaces = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
    this.child = spawn("unshare", [...namespaces, "sh", "-c", script]);
    this.child.stdout?.on("data", (text) => {
      this.stdout += text;
    });
    this.child.stderr?.on("data", (text) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve) => this.child.once("close", resolve));
  }

  /**
   * @param data an empty directory, where the disk is mounted
   * @param mib size of the disk
   * @param filledBytes of the disk are taken by a file; see {@link makeRoom}
   * @param runs how often the server is started, one after the other
   */
  static start(
    data: string,
    { mib, filledBytes, runs = 1 }: { mib: number; filledBytes: number; runs?: number },
    ...flags: readonly string[]
  ): SmallDiskServer {
    const serve = `"${process.execPath}" "${CLI}" serve --port 0 --data "${data}" ${flags.join(" ")}`;
    const script =
      `mount -t tmpfs -o size=${mib}m tmpfs "${data}" && head -c ${filledBytes} /dev/zero > "${data}/filling" && ` +
      (runs === 1 ? `exec ${serve}` : Array.from({ length: runs }, () => serve).join(" ; "));
    return new SmallDiskServer(data, script);
  }

  /** The address, once it has been said so many times. */
  url(times = 1): Promise<string> {
    return eventually(
      10_000,
      () => [...this.stdout.matchAll(/serves at (\S+)/g)][times - 1]?.[1],
      () => `the address; it said: ${this.stdout}${this.stderr}`,
    );
  }

  /** A file of the server's, as it sees it. */
  path(name: string): string {
    return `/proc/${this.child.pid}/root${this.#data}/${name}`;
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Remove the file that takes the disk's room. */
  makeRoom(): void {
    rmSync(this.path("filling"));
  }

  /** Lines of the server's log with this message. */
  lines(message: RegExp): readonly Record<string, unknown>[] {
    return this.stderr
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => message.test(String(msg)));
  }

  /** End the shell and the server that it runs; for `afterEach`. */
  kill(): void {
    this.child.kill("SIGKILL");
    for (const { pid } of this.lines(/listening/)) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }

  async stop(): Promise<number | null> {
    this.child.kill("SIGTERM");
    return within(15_000, this.#ended, "the end of the server");
  }
}
