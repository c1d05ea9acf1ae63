import { EventSource } from "eventsource";
import { WebSocket } from "ws";
import type { TransportName } from "../../src/core/transport.ts";
import { RawConnection, type WireEvent } from "./raw-http.ts";
import { eventually } from "./within.ts";

/** A client of one transport, that keeps what it was given. */
export interface TransportClient {
  readonly events: readonly WireEvent[];
  /** Whether the server has ended it. */
  readonly ended: boolean;
  /** Read nothing more, and stay connected. */
  stall(): void;
  /** Go without a word. */
  destroy(): void;
}

/** How a transport is spoken. */
export interface TransportFixture {
  readonly name: string;
  /** As listings name it, and `transport=` gives it. */
  readonly transport: TransportName;
  readonly capabilities: {
    /**
     * Whether it has events of its own for how a stream opens, closes and goes on: a poll's answer
     * says less.
     */
    readonly events: boolean;
    /**
     * Whether the client can stop reading: what a package does when it is not read is its own
     * affair.
     */
    readonly stall: boolean;
  };
  /** Start a stream. @param query without `transport` */
  open(url: string, query: string, headers: Headers): TransportClient;
}

/** What a request carries beside what its transport needs. */
type Headers = Readonly<Record<string, string>>;

const clients = new Set<TransportClient>();

/** Cut every client; for `afterEach`. */
export function destroyClients(): void {
  for (const client of clients) client.destroy();
  clients.clear();
}

/** Open one, and wait for its `open` event. */
export async function openTransport(
  { name, open }: TransportFixture,
  url: string,
  query: string,
  headers: Headers = {},
): Promise<TransportClient> {
  const client = open(url, query, headers);
  clients.add(client);
  await untilEvents(client, (events) => events.length > 0, `the first event by ${name}`);
  return client;
}

/** Wait until what came satisfies `done`. */
export function untilEvents(
  client: TransportClient,
  done: (events: readonly WireEvent[]) => boolean,
  what: string,
): Promise<unknown> {
  return eventually(
    5_000,
    () => done(client.events),
    () => `${what}; so far: ${JSON.stringify(client.events).slice(-600)}`,
  );
}

/** Its events of one type. */
export function eventsOf(client: TransportClient, type: string): readonly WireEvent[] {
  return client.events.filter((event) => event.type === type);
}

/** The data of its messages. */
export function dataOf(client: TransportClient): readonly unknown[] {
  return eventsOf(client, "message").map((event) => event["data"]);
}

/** Wait until it has so many messages. */
export function untilMessages(client: TransportClient, count: number): Promise<unknown> {
  const hasThem = () => eventsOf(client, "message").length >= count;
  return untilEvents(client, hasThem, `${count} messages`);
}

/** A response that does not end, read by what its text says. */
function openRaw(
  url: string,
  query: string,
  headers: Headers,
  transport: string,
  parse: (connection: RawConnection) => readonly WireEvent[],
): TransportClient {
  const connection = new RawConnection(url);
  const { host, pathname } = new URL(`${url}/stream`);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const request = `GET ${pathname}?${query}&transport=${transport} HTTP/1.1`;
  connection.send(request, `Host: ${host}`, ...lines);
  return {
    get events() {
      return parse(connection);
    },
    get ended() {
      return connection.ended;
    },
    stall: () => void connection.socket.pause(),
    destroy: () => connection.destroy(),
  };
}

/** The events of an event stream: its blocks' `data`, whose `event` has to agree. */
export function parseEventStream(body: string): readonly WireEvent[] {
  return body
    .split("\n\n")
    .slice(0, -1)
    .flatMap((block) => {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data === undefined) return [];
      const event = JSON.parse(data) as WireEvent;
      const name = /^event: (.*)$/m.exec(block)?.[1];
      const expected = event.type === "message" ? undefined : `ff-${event.type}`;
      if (name !== expected) throw new Error(`an event ${event.type} is named ${name}`);
      return [event];
    });
}

function openEventSource(url: string, query: string, headers: Headers): TransportClient {
  const events: WireEvent[] = [];
  const source = new EventSource(`${url}/stream?${query}&transport=sse`, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
  });
  for (const type of ["message", "ff-open", "ff-cursor", "ff-live", "ff-gap", "ff-close"])
    source.addEventListener(type, ({ data }) => events.push(JSON.parse(data)));
  return {
    events,
    get ended() {
      return source.readyState === EventSource.CLOSED;
    },
    stall: () => {
      throw new Error("an EventSource can't be stalled");
    },
    destroy: () => source.close(),
  };
}

function openWebSocket(url: string, query: string, headers: Headers): TransportClient {
  const events: WireEvent[] = [];
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/stream?${query}&transport=ws`, {
    headers,
  });
  socket.on("message", (data) => events.push(JSON.parse(String(data))));
  socket.on("error", () => {});
  return {
    events,
    get ended() {
      return socket.readyState === WebSocket.CLOSED;
    },
    stall: () => socket.pause(),
    destroy: () => socket.terminate(),
  };
}

/** A loop of polls, which tells what comes as the events that a stream would have. */
function openPolls(url: string, query: string, headers: Headers): TransportClient {
  const events: WireEvent[] = [];
  const abort = new AbortController();
  let ended = false;
  let isStalled = false;
  let isLive = !/&(?:after|last|each|since)=/.test(query);
  const loop = async () => {
    let more = "&wait=0";
    let stream = "";
    while (!isStalled) {
      const response = await fetch(`${url}/stream?${query}&transport=poll${more}`, {
        headers,
        signal: abort.signal,
      });
      if (response.status === 503) {
        // A poll that comes while the server drains: the next one is another server's.
        events.push({ type: "close", reason: "shutdown", reconnect: true });
        break;
      }
      const answer = (await response.json()) as {
        readonly stream: string;
        readonly cursor: string;
        readonly messages: readonly WireEvent[];
        readonly gaps: readonly WireEvent[];
        readonly live: boolean;
        readonly stop: 0 | 1;
        readonly reason: string | null;
        readonly text?: string;
      };
      if (stream !== answer.stream) {
        stream = answer.stream;
        events.push({
          type: "open",
          stream,
          cursor: answer.cursor,
          close: `streams/${stream}/close`,
        });
      }
      events.push(...answer.gaps, ...answer.messages);
      if (answer.live && !isLive) events.push({ type: "live", cursor: answer.cursor });
      isLive ||= answer.live;
      if (answer.reason !== null) {
        const { reason, cursor, text } = answer;
        const said = text === undefined ? {} : { text };
        events.push({ type: "close", reason, reconnect: answer.stop === 0, cursor, ...said });
        break;
      }
      more = `&stream=${stream}&after=${answer.cursor}`;
      query = query.replace(/&(?:after|last|each|since|takeover|earlier)=[^&]*/g, "");
    }
    ended = !isStalled;
  };
  loop().catch(() => {
    // Nobody is there between two polls: for their client the same as being told to come back.
    if (!abort.signal.aborted) events.push({ type: "close", reason: "shutdown", reconnect: true });
    ended = true;
  });
  return {
    events,
    get ended() {
      return ended;
    },
    stall: () => {
      isStalled = true;
    },
    destroy: () => abort.abort(),
  };
}

export const FRAME: TransportFixture = {
  name: "frame",
  transport: "frame",
  capabilities: { events: true, stall: true },
  open: (url, query, headers) =>
    openRaw(url, query, headers, "frame", (connection) => connection.frameEvents()),
};
export const NDJSON: TransportFixture = {
  name: "ndjson",
  transport: "ndjson",
  capabilities: { events: true, stall: true },
  open: (url, query, headers) =>
    openRaw(url, query, headers, "ndjson", (connection) => connection.ndjsonEvents()),
};
export const SSE: TransportFixture = {
  name: "sse",
  transport: "sse",
  capabilities: { events: true, stall: true },
  open: (url, query, headers) =>
    openRaw(url, query, headers, "sse", ({ body }) => parseEventStream(body)),
};
export const EVENT_SOURCE: TransportFixture = {
  name: "sse, by the npm eventsource package",
  transport: "sse",
  capabilities: { events: true, stall: false },
  open: openEventSource,
};
export const WEBSOCKET: TransportFixture = {
  name: "ws",
  transport: "ws",
  capabilities: { events: true, stall: true },
  open: openWebSocket,
};
export const POLL: TransportFixture = {
  name: "poll",
  transport: "poll",
  capabilities: { events: false, stall: true },
  open: openPolls,
};
