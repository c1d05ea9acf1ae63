import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** Requests that are under way at one server at most. */
const CONNECTIONS = 64;

/** A stream that was opened, and the server that has it. */
interface Delivery {
  /** When the message was due, by performance.now(). */
  readonly due: number;
  /** The server that it was published to, as a place in the list. */
  readonly from: number;
  /** The server that has delivered it. */
  readonly at: number;
  readonly came: number;
}

/**
 * Streams at several servers of one log, a channel in turn each, and publishes to these in turn. It
 * counts what is delivered, and how long each delivery took.
 */
export class NodeLoad {
  readonly #ports: readonly number[];
  readonly #channels: number;
  readonly #sockets: Socket[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #published = 0;
  #deliveries = 0;
  #failed: Error | null = null;
  #onDelivery: (delivery: Delivery) => void = () => {};

  /** @param channels published to in turn */
  constructor(ports: readonly number[], channels: number) {
    this.#ports = ports;
    this.#channels = channels;
  }

  /** Deliveries so far. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Open streams at each server. */
  async open(streams: number): Promise<void> {
    for (let stream = 0; stream < streams; stream++)
      await Promise.all(this.#ports.map((_, at) => this.#open(at, `c${stream % this.#channels}`)));
  }

  /**
   * Publish so many messages a second, each when it is due.
   *
   * @returns how long each delivery at another server than the publish's took, in ms; at any where
   *   there is only one
   */
  async publishAtRate(perSecond: number, seconds: number): Promise<readonly number[]> {
    const times: number[] = [];
    const isAlone = this.#ports.length === 1;
    this.#onDelivery = ({ due, from, at, came }) => {
      if (isAlone || from !== at) times.push(came - due);
    };
    const began = performance.now();
    const answers: Promise<void>[] = [];
    for (let n = 0; n < perSecond * seconds; n++) {
      const due = began + (n * 1_000) / perSecond;
      const left = due - performance.now();
      if (left > 0) await pause(left);
      answers.push(this.#publish(due));
    }
    await Promise.all(answers);
    await pause(500); // the last deliveries
    this.#onDelivery = () => {};
    this.#check();
    return times;
  }

  /** Publish with so many publishes always under way. @returns messages that were answered */
  async publishInFlight(window: number, seconds: number): Promise<number> {
    const until = performance.now() + seconds * 1_000;
    let messages = 0;
    const publishOn = async () => {
      for (; performance.now() < until; messages++) await this.#publish(performance.now());
    };
    await Promise.all(Array.from({ length: window }, publishOn));
    this.#check();
    return messages;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
  }

  #check(): void {
    if (this.#failed !== null) throw this.#failed;
  }

  #open(at: number, channel: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.#ports[at] ?? 0, host: "127.0.0.1" });
      this.#sockets.push(socket);
      socket.write(
        `GET /stream?channels=${channel}&transport=ndjson HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
      );
      let text = "";
      socket.setEncoding("latin1").on("data", (more: string) => {
        text += more;
        const end = text.lastIndexOf("\n") + 1;
        if (text.includes('"type":"open"')) resolve();
        const came = performance.now();
        for (const [, due, from] of text.slice(0, end).matchAll(/"data":\[([\d.]+),(\d+)\]/g)) {
          this.#deliveries++;
          this.#onDelivery({ due: Number(due), from: Number(from), at, came });
        }
        text = text.slice(end);
      });
      socket.once("error", (error) => {
        this.#failed = error;
        reject(error);
      });
    });
  }

  #publish(due: number): Promise<void> {
    const n = this.#published++;
    const from = n % this.#ports.length;
    const channel = Math.floor(n / this.#ports.length) % this.#channels;
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.#agent,
          port: this.#ports[from],
          host: "127.0.0.1",
          path: `/channels/c${channel}/messages`,
          method: "POST",
          headers: { "Content-Type": "application/json" },
        },
        (answer) => {
          answer.resume();
          if (answer.statusCode === 201) answer.once("end", resolve);
          else reject(new Error(`a publish is answered ${answer.statusCode}`));
        },
      );
      sent.once("error", reject);
      sent.end(`[${due.toFixed(3)},${from}]`);
    });
  }
}
