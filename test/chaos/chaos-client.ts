import { connect, type Socket } from "node:net";
import type { WireEvent } from "../support/raw-http.ts";
import { within } from "../support/within.ts";
import { type ClientPlan, type ClientWatch, digestOf } from "./client-plan.ts";
import { EventReader } from "./event-reader.ts";
import type { ClientFault } from "./fault-plan.ts";
import { SeededRandom } from "./seeded-random.ts";

/**
 * Longest wait for the end of a stream whose close was answered; longer than a pause and than a
 * closing server's grace.
 */
const CLOSE_MS = 10_000;

/** Time for all of a refusal to come, in ms. */
const REFUSAL_MS = 50;

/**
 * The same where the server that was asked knows of no such stream: longer than a pause, and
 * shorter than a stream lasts.
 */
const UNKNOWN_MS = 4_000;

/** A client as the contract wants it: it goes on after its cursor, again and again. */
export class ChaosClient {
  readonly #plan: ClientPlan;
  readonly #watch: ClientWatch;
  readonly #random: SeededRandom;
  #cursor: string | null = null;
  #socket: Socket | null = null;
  #reader: EventReader;
  /** Of the server that it has come to. */
  #url = "";
  /** Path and query of the control request. */
  #closePath: string | null = null;
  #closeEvent: WireEvent | null = null;
  #cutInside: number | null = null;
  #ended = false;
  #timers = new Set<NodeJS.Timeout>();

  constructor(plan: ClientPlan, watch: ClientWatch) {
    this.#plan = plan;
    this.#watch = watch;
    this.#random = new SeededRandom(plan.seed);
    this.#reader = new EventReader(plan.transport);
  }

  /** Open a stream after the cursor, or the first one. */
  open(): void {
    const { urls, channels, transport, version } = this.#plan;
    this.#url = this.#random.pick(urls);
    const { hostname, port, host } = new URL(this.#url);
    const query = new URLSearchParams({ transport, channels });
    if (this.#cursor !== null) query.set("after", this.#cursor);
    const reader = new EventReader(transport);
    const socket = connect({ host: hostname, port: Number(port) });
    this.#reader = reader;
    this.#socket = socket;
    this.#closePath = null;
    this.#closeEvent = null;
    socket.on("connect", () =>
      socket.write(`GET /stream?${query} HTTP/${version}\r\nHost: ${host}\r\n\r\n`),
    );
    socket.on("data", (bytes) => {
      // What was read ahead during a pause still comes when the socket is cut.
      if (!socket.destroyed) this.#take(bytes);
    });
    socket.on("error", () => {}); // "close" follows
    socket.once("close", () => this.#comeBack());
  }

  suffer(fault: ClientFault): void {
    const socket = this.#socket;
    if (socket === null) return;
    switch (fault.kind) {
      case "cut":
        this.#watch.count("cuts");
        socket.destroy();
        break;
      case "cut inside":
        this.#cutInside = fault.part;
        break;
      case "close":
        if (this.#closePath !== null) void this.#close(this.#closePath, socket);
        break;
      case "pause":
        socket.pause();
        this.#after(fault.ms, () => socket.resume());
        break;
    }
  }

  /** Nothing goes wrong any more: it reads, and cuts nothing. */
  recover(): void {
    this.#cutInside = null;
    this.#socket?.resume();
  }

  end(): void {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket?.destroy();
  }

  #take(bytes: Buffer): void {
    const part = this.#cutInside;
    const taken = part === null ? bytes : bytes.subarray(0, Math.floor(bytes.length * part));
    try {
      for (const event of this.#reader.read(taken)) this.#handle(event);
    } catch (error) {
      this.#watch.wrong(error instanceof Error ? error.message : String(error));
      this.#socket?.destroy();
    }
    const { status } = this.#reader;
    // A refusal is complete, and its connection may be kept for another request.
    const socket = this.#socket;
    if (status !== 0 && status !== 200) this.#after(REFUSAL_MS, () => socket?.destroy());
    if (part === null) return;
    this.#cutInside = null;
    this.#watch.count(this.#reader.rest.trim() === "" ? "cuts" : "cuts inside an event");
    this.#socket?.destroy();
  }

  #handle(event: WireEvent): void {
    const { type } = event;
    if (this.#closeEvent !== null) this.#watch.wrong(`is given ${brief(event)} after close`);
    if ((this.#closePath === null) !== (type === "open"))
      this.#watch.wrong(`is given ${brief(event)} ${type === "open" ? "again" : "before open"}`);
    switch (type) {
      case "open":
        this.#closePath = String(event["close"]);
        this.#moveTo(event);
        this.#watch.count("opens");
        this.#watch.opened(String(event["cursor"]), this.#url);
        break;
      case "message":
        this.#cursor = String(event["id"]);
        this.#watch.message(this.#cursor, String(event["channel"]), digestOf(event["data"]));
        break;
      case "cursor":
        this.#moveTo(event);
        this.#watch.count("cursor events");
        break;
      case "live":
        this.#moveTo(event);
        break;
      case "gap":
        this.#watch.wrong(`is told ${brief(event)}`);
        break;
      case "close":
        this.#closeEvent = event;
        this.#watch.count(`closed: ${event["reason"]}`);
        this.#moveTo(event);
        if (event["reason"] !== "client" && event["reconnect"] !== true)
          this.#watch.wrong(`is told ${brief(event)}`);
        break;
      default:
        this.#watch.wrong(`is given ${brief(event)}`);
    }
  }

  #moveTo(event: WireEvent): void {
    const cursor = String(event["cursor"]);
    if (this.#cursor !== null && cursor < this.#cursor)
      this.#watch.wrong(`is given ${brief(event)} when it has come to ${this.#cursor}`);
    this.#cursor = cursor;
  }

  #comeBack(): void {
    this.#socket = null;
    const { status, rest } = this.#reader;
    if (status !== 0 && status !== 200) {
      this.#watch.count("refusals");
      if (status !== 503) this.#watch.wrong(`is refused with ${status}: ${rest.slice(-300)}`);
    }
    const closed = this.#closeEvent;
    const longest = closed?.["reconnect"] === true ? Number(closed["retryMs"]) : 100;
    this.#after(this.#random.whole(0, longest), () => this.open());
  }

  /**
   * Close the stream by its control request, at any of the servers; whatever ends a server
   * meanwhile may swallow the answer.
   */
  async #close(path: string, socket: Socket): Promise<void> {
    const own = this.#url;
    const url = this.#random.pick(this.#plan.urls);
    const gone = new Promise((resolve) => socket.once("close", resolve));
    let isKnown: boolean;
    try {
      const signal = AbortSignal.timeout(CLOSE_MS);
      const answer = await fetch(new URL(path, `${url}/stream`), {
        method: "POST",
        body: "",
        signal,
      });
      const text = await answer.text();
      if (answer.status === 503) return;
      isKnown = answer.status !== 404;
      if (isKnown && (answer.status !== 200 || !JSON.parse(text).closed)) {
        this.#watch.wrong(`is answered ${answer.status} to its close: ${text.slice(0, 300)}`);
        return;
      }
    } catch {
      return;
    }
    if (isKnown) this.#watch.count(url === own ? "closes" : "closes at another server");
    const ms = isKnown ? CLOSE_MS : UNKNOWN_MS;
    await within(ms, gone, "the end").catch(() => {
      if (this.#ended) return;
      const answered = isKnown ? "was answered" : "was answered 404";
      // While its own server has no connection to Redis, the others know nothing of the stream.
      if (!isKnown && url !== own)
        this.#watch.count("closes of a stream that is unknown, and goes on");
      else this.#watch.wrong(`still has its stream ${ms} ms after its close ${answered}`);
    });
  }

  #after(ms: number, action: () => void): void {
    if (this.#ended) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

function brief(event: WireEvent): string {
  const json = JSON.stringify(event);
  return json.length <= 300 ? json : `${json.slice(0, 300)}...`;
}
