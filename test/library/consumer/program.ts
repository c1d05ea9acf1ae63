/**
 * A user's program, for a project that has Foreverframe and @types/node and nothing else.
 * package.all.ts compiles it and runs it there; it is not part of this project's own compilation.
 */
import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  type Authorize,
  createForeverframe,
  ERRORS,
  type Foreverframe,
  ForeverframeError,
  type ForeverframeOptions,
  type Logger,
  type Receipt,
  type SubscriptionEvent,
} from "foreverframe";
import type { OpenOptions, Stream } from "foreverframe/client";

const logger: Logger = { debug() {}, info() {}, warn() {}, error: console.error };

const authorize: Authorize = (request, { action, channels }) => {
  if (action === "close" || request.headers.cookie === "role=operator") return true;
  const isOwn = channels.every((channel) => channel.startsWith("doors."));
  return { allow: action === "subscribe" && isOwn, client: "kiosk-7", expiresInMs: 60_000 };
};

const options: ForeverframeOptions = { memory: true, retention: ["log.**=10/60000"], logger };

/** What a page would do, for its types alone. */
export function openInPage(open: (options: OpenOptions<number>) => Stream): Stream {
  return open({ channels: ["doors.*"], onmessage: ({ data }) => console.log(data.toFixed(1)) });
}

async function readFirst(ff: Foreverframe): Promise<SubscriptionEvent | undefined> {
  for await (const event of ff.subscribe("doors.**", { last: 1 })) return event;
  return undefined;
}

const ff = await createForeverframe({ ...options, authorize });
const server = createServer((_request, response) => response.end("the application's"));
const detach = ff.attach(server, { path: "/push" });
ff.attach(createTlsServer(), { path: "/push" })();
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const { id } = await ff.publish("doors.north", { vid: 7, tags: ["a", null] });
const event = await readFirst(ff);
if (event?.type !== "message") throw new Error(`"${event?.type}" instead of the message`);
strictEqual(event.id, id);
deepStrictEqual(event.data, { vid: 7, tags: ["a", null] });

// What is no JSON is refused by the compiler; interfaces, dates and optional members are taken.
interface Door {
  readonly vid: number;
  readonly openedAt: Date;
  readonly note?: string | undefined;
}
const door: Door = { vid: 8, openedAt: new Date(0) };
await ff.publish("doors.south", door);
for await (const found of ff.subscribe<{ vid: number }>("doors.south", { last: 1 })) {
  if (found.type === "message") strictEqual(found.data.vid.toFixed(1), "8.0");
  break;
}
// @ts-expect-error a function is no JSON
await rejects(ff.publish("doors.south", () => 1));
// @ts-expect-error nor is a bigint, wherever it is
await rejects(ff.publish("doors.south", { vid: 1n }));

const stream = await fetch(`${url}/push/stream?channels=doors.north&last=1&transport=ndjson`);
const reader = stream.body?.getReader();
let text = "";
while (!text.includes(id)) text += new TextDecoder().decode((await reader?.read())?.value);
const [{ client } = { client: null }] = await ff.streams();
strictEqual(client, "kiosk-7");
strictEqual((await ff.channels())[0]?.last, id);
const open = JSON.parse(text.slice(0, text.indexOf("\n"))) as { readonly stream: string };
const receipt: Receipt | null = await ff.close({ stream: open.stream });
strictEqual(receipt?.messages, 1);
strictEqual((await fetch(`${url}/push/stream?channels=secret`)).status, ERRORS.FF_FORBIDDEN.status);
strictEqual(await (await fetch(url)).text(), "the application's");
await rejects(ff.publish("no,name", 1), (error) => {
  return error instanceof ForeverframeError && error.code === "FF_CHANNEL_INVALID";
});

detach();
server.closeAllConnections();
server.close();
await ff[Symbol.asyncDispose]();
console.log("done");
