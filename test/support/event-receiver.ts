import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "./within.ts";

/** One event as a receiver gets it. */
export interface HookEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A request as it came. */
export interface ReceivedBatch {
  readonly signature: string;
  readonly text: string;
  readonly process: string;
  readonly seq: number;
  readonly events: readonly HookEvent[];
}

/** Answers a request, or does not. */
type Respond = (response: ServerResponse, request: IncomingMessage, count: number) => void;

const receivers = new Set<Server>();

/** An application at `--events-url`, and all that it was sent. */
export class EventReceiver {
  readonly url: string;
  readonly batches: ReceivedBatch[] = [];
  /** How it answers from now on. */
  respond: Respond;
  readonly #server: Server;

  private constructor(server: Server, respond: Respond) {
    this.#server = server;
    this.respond = respond;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/streams`;
  }

  static async start(respond: Respond = takes): Promise<EventReceiver> {
    const server = createServer(async (request, response) => {
      response.on("error", () => {});
      let text = "";
      for await (const piece of request.setEncoding("utf8")) text += piece;
      const batch = JSON.parse(text) as ReceivedBatch;
      const signature = String(request.headers["foreverframe-signature"]);
      receiver.batches.push({ ...batch, signature, text });
      receiver.respond(response, request, receiver.batches.length);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    receivers.add(server);
    const receiver = new EventReceiver(server, respond);
    return receiver;
  }

  /** All events in the order in which they came, each request once. */
  get events(): readonly HookEvent[] {
    const seen = new Set<string>();
    return this.batches.flatMap(({ process, seq, events }) => {
      const name = `${process} ${seq}`;
      if (seen.has(name)) return [];
      seen.add(name);
      return events;
    });
  }

  /** Wait until the events satisfy `done`. */
  async until(done: (events: readonly HookEvent[]) => boolean, what: string, ms = 8_000) {
    await eventually(
      ms,
      () => done(this.events),
      () => `${what}; so far: ${JSON.stringify(this.events).slice(-600)}`,
    );
    return this.events;
  }

  async stop(): Promise<void> {
    receivers.delete(this.#server);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Takes what came. */
export const takes: Respond = (response) => void response.writeHead(204).end();

/** Stop every receiver; for `afterEach`. */
export async function stopReceivers(): Promise<void> {
  for (const server of receivers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  receivers.clear();
}
