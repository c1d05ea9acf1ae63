import { TEST_PAGES } from "../../browser/client-page.ts";
import { publishJson } from "../raw-http.ts";
import { ask } from "../request.ts";
import { type CliProcess, startServeProcess } from "../serve-process.ts";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import { within } from "../within.ts";
import { CHANNEL } from "./client.ts";
import { RecordingProxy } from "./recording-proxy.ts";

/** Heartbeats are among what clients have to understand, so they come often. */
const TIMES = ["--heartbeat-ms", "1000", "--retry-ms", "1000", "--drain-ms", "3000"];

/** Longest until a server that was told to end has ended, in ms. */
const END_MS = 10_000;

/** One log and one address, behind which servers come and go. */
export class Site {
  readonly proxy: RecordingProxy;
  readonly #directory = createTemporaryDirectory();
  #server: { readonly process: CliProcess; readonly url: string } | null = null;

  private constructor(proxy: RecordingProxy) {
    this.proxy = proxy;
  }

  /** @returns one with a server. Ended by `killProcesses` and `closeRecordingProxies`. */
  static async start(): Promise<Site> {
    const site = new Site(await RecordingProxy.start());
    await site.#startServer();
    site.proxy.retarget(site.#running.url);
    return site;
  }

  /**
   * End the server and start another, which nobody reaches before something was published there.
   *
   * @param signal `SIGKILL`, or `SIGTERM` for a drain
   * @param missed what is published meanwhile
   */
  async restart(signal: "SIGKILL" | "SIGTERM", missed: readonly unknown[]): Promise<void> {
    const { process } = this.#running;
    process.kill(signal);
    await within(END_MS, process.outcome, `the end of the server after ${signal}`);
    await this.#startServer();
    await this.publish(missed);
    this.proxy.retarget(this.#running.url);
  }

  async publish(values: readonly unknown[]): Promise<void> {
    for (const value of values) await publishJson(this.#running.url, CHANNEL, value);
  }

  /** Close a stream for good. Throws unless a receipt says so. */
  async close(stream: string): Promise<void> {
    const { status, text, json } = await ask(this.#running.url, "POST", `/streams/${stream}/close`);
    if (status !== 200 || json.closed !== true || json.reason !== "client")
      throw new Error(`a close was answered ${status}: ${text}`);
  }

  async #startServer(): Promise<void> {
    const flags = ["--data", this.#directory, "--pages", TEST_PAGES, ...TIMES];
    this.#server = await startServeProcess(flags);
  }

  get #running(): { readonly process: CliProcess; readonly url: string } {
    if (this.#server === null) throw new Error("no server has started");
    return this.#server;
  }
}
