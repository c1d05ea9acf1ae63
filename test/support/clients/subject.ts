import type { WireEvent } from "../raw-http.ts";
import { eventually } from "../within.ts";
import type { Client } from "./client.ts";
import type { Exchange, RecordingProxy } from "./recording-proxy.ts";
import type { Running } from "./start-client.ts";

/** Longest until a client has heard what was published, in ms. */
const HEARD_MS = 15_000;

/** A client under test: what it prints, and what it asks for. */
export class Subject {
  readonly name: string;
  readonly #id: string;
  readonly #running: Running;
  readonly #proxy: RecordingProxy;

  /** @param id by which its requests name it */
  constructor({ name }: Client, id: string, running: Running, proxy: RecordingProxy) {
    this.name = name;
    this.#id = id;
    this.#running = running;
    this.#proxy = proxy;
  }

  /** What it has asked for, in order. */
  get exchanges(): readonly Exchange[] {
    return this.#proxy.exchangesOf(this.#id);
  }

  /** Whether it can't ask for anything any more. */
  get hasEnded(): boolean {
    return this.#running.hasEnded;
  }

  /** The data of all messages that it has printed. */
  async heard(): Promise<readonly unknown[]> {
    const lines = await this.#running.lines();
    return lines
      .filter((line) => line.startsWith('{"type":"message"'))
      .map((line) => (JSON.parse(line) as WireEvent)["data"]);
  }

  /** Wait until it has a stream. @param from the number of the first request that counts */
  async untilOpen(from: number, ms: number): Promise<Exchange> {
    const opened = () => this.exchanges.slice(from).find(({ stream }) => stream !== null);
    return eventually(ms, opened, `a stream of ${this.name}`).catch((error) =>
      this.#explain(error),
    );
  }

  /** Wait until it has printed a message. @param from the number of the first that counts */
  async untilHeard(value: unknown, from: number): Promise<readonly unknown[]> {
    const look = async () => {
      const heard = (await this.heard()).slice(from);
      return heard.includes(value) && heard;
    };
    const what = `${this.name} to hear ${JSON.stringify(value)}`;
    return eventually(HEARD_MS, look, what).catch((error) => this.#explain(error));
  }

  async #explain({ message }: Error): Promise<never> {
    const asked = this.exchanges.map(({ target, status }) => `${status} for ${target}`);
    const printed = (await this.#running.lines()).map((line) => line.slice(0, 300));
    throw new Error(
      `${message}; it was answered\n${asked.join("\n")}\nand printed\n${printed.join("\n")}`,
    );
  }
}
