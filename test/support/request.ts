import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { expect } from "chai";
import { RawConnection, type WireEvent } from "./raw-http.ts";
import { eventually } from "./within.ts";

/** A complete answer; unlike fetch, what was sent is exactly the headers named and `Host`. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; throws if it is not. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly json: any;
}

interface Sent {
  readonly headers?: OutgoingHttpHeaders;
  /** Several parts are sent as several chunks, without a Content-Length. */
  readonly body?: string | Buffer | readonly Buffer[];
  /** Longest wait for the whole answer. */
  readonly ms?: number;
}

/**
 * Ask on a connection of its own and read the whole answer; an answer that does not end is an
 * error.
 */
export function ask(
  url: string,
  method: string,
  path: string,
  { headers = {}, body, ms = 5_000 }: Sent = {},
): Promise<Answer> {
  const { protocol, hostname, port, pathname } = new URL(url);
  const send = protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send({
      hostname,
      port,
      method,
      path: pathname.replace(/\/$/, "") + path,
      headers,
      agent: false,
    });
    const late = setTimeout(() => {
      request.destroy(new Error(`waited ${ms} ms for the answer to ${method} ${path}`));
    }, ms);
    request.on("close", () => clearTimeout(late));
    request.on("error", reject);
    request.on("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          get json() {
            return JSON.parse(text);
          },
        });
      });
    });
    if (typeof body === "string" || Buffer.isBuffer(body)) request.end(body);
    else {
      for (const part of body ?? []) request.write(part);
      request.end();
    }
  });
}

/** Publish a body of a type, as it is written. */
export function publishRaw(
  url: string,
  channel: string,
  type: string,
  body: string | Buffer | readonly Buffer[],
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  const path = `/channels/${encodeURIComponent(channel)}/messages`;
  return ask(url, "POST", path, { headers: { "Content-Type": type, ...headers }, body });
}

/** All that the log keeps of a channel, oldest first. */
export async function kept(
  url: string,
  channel: string,
): Promise<readonly { readonly id: string; readonly channel: string; readonly data: unknown }[]> {
  const path = `/channels/${encodeURIComponent(channel)}/messages?after=earliest&limit=1000`;
  const answer = await ask(url, "GET", path);
  expect(answer.status, answer.text).to.equal(200);
  return answer.json.messages;
}

/** Hold an answer to the form that every error has. */
export function expectProblem(answer: Answer, status: number, code?: string): void {
  expect(answer.status, answer.text).to.equal(status);
  expect(answer.headers["content-type"]).to.match(/^application\/problem\+json/);
  expect(answer.json).to.include({ status, ...(code === undefined ? {} : { code }) });
  expect(answer.json.code).to.match(/^FF_[A-Z_]+$/);
  for (const member of ["type", "title", "detail"]) {
    expect(answer.json[member], member).to.be.a("string").and.not.equal("");
  }
  expect(answer.headers["cache-control"]).to.include("no-store");
}

/** Hold an answer to the form of a refused display frame, and return its one event. */
export function expectFrameRefusal(answer: Answer, status: number, code?: string): WireEvent {
  expect(answer.status, answer.text).to.equal(status);
  expect(answer.headers["content-type"]).to.equal("text/html; charset=utf-8");
  expect(answer.headers["cache-control"]).to.include("no-store");
  const events = Array.from(
    answer.text.matchAll(/<script>parent\.push\((.*?)\)<\/script>/g),
    ([, json = ""]) => JSON.parse(json) as WireEvent,
  );
  expect(events, answer.text).to.have.lengthOf(1);
  const event = events[0] as WireEvent;
  expect(event).to.include({ type: "error", status, ...(code === undefined ? {} : { code }) });
  expect(event).to.have.all.keys("type", "code", "status", "detail", "reconnect");
  expect(event["detail"]).to.be.a("string").and.not.equal("");
  return event;
}

/** Open an NDJSON stream on a connection of its own, and wait for its `open` event. */
export async function openNdjson(
  url: string,
  query: string,
): Promise<{ readonly connection: RawConnection; readonly open: WireEvent }> {
  const connection = new RawConnection(url);
  connection.send(`GET /stream?transport=ndjson&${query} HTTP/1.1`, `Host: ${new URL(url).host}`);
  const open = await eventually(5_000, () => connection.ndjsonEvents()[0], `open of ?${query}`);
  return { connection, open };
}

/** Wait until `count` messages have come on a frame, and return all events so far. */
export function untilMessages(
  connection: RawConnection,
  count: number,
): Promise<readonly WireEvent[]> {
  return connection.untilEvents(
    (events) => messagesOf(events).length >= count,
    `${count} messages`,
  );
}

/** The messages among events. */
export function messagesOf(events: readonly WireEvent[]): readonly WireEvent[] {
  return events.filter(({ type }) => type === "message");
}

/** What the messages among events carry. */
export function dataOf(events: readonly WireEvent[]): readonly unknown[] {
  return messagesOf(events).map((event) => event["data"]);
}

/** Where an `open` event says that its stream is closed, as a path. */
export function closePathOf(url: string, open: WireEvent): string {
  return new URL(String(open["close"]), `${url}/stream`).pathname;
}
