import { expect } from "chai";
import type { RunningServer } from "../../../src/server.ts";
import { parseFrame, publishJson, type WireEvent } from "../raw-http.ts";
import { ask } from "../request.ts";
import { eventually } from "../within.ts";
import type { Incoming } from "./incoming.ts";
import { CLIENT_ADDRESS, PathClient } from "./path-client.ts";
import { findListed, frameOf, HELD_MS, listStreams, PROMPT_MS, type Site } from "./site.ts";

/** What a middlebox does to streams, each in the words of docs/proxies.md. */
export interface WireCells {
  /** How a message comes on a frame that stays open. */
  readonly message: "at once" | "late" | "with the next" | "held";
  /** What becomes of calls that a page makes, as to publish and to close. */
  readonly calls: "taken" | "refused";
  /** How a close that is asked for by a page ends the frame. */
  readonly close: "at once" | "late" | "held";
  /** Which address the server takes a client for. */
  readonly address: "its own" | "the middlebox's" | "what it claims";
  /** How two that wait for the same are answered. */
  readonly polls: "at once" | "in turn" | "held";
  readonly webSocket: "opens" | "refused";
}

/** So many messages may be late because of the machine's load. */
const TRIES = 8;

/** Longest for "at once", in ms: HAProxy's 200 ms are late. */
const AT_ONCE_MS = 120;

/** Data that some middlebox could break, or lose the order of. */
export const LOAD: readonly unknown[] = [
  ...Array.from({ length: 50 }, (_, n) => n),
  "\u{1d11e} ÄÖ € \u2028 </script>",
  "€".repeat(20_000),
  "the last",
];

/**
 * Measure a quiet site.
 *
 * @returns what its middlebox does; throws where a message is lost, doubled or out of order
 */
export async function measureWire({ server, path }: Site): Promise<WireCells> {
  const client = new PathClient(path);
  try {
    const frame = client.open("GET", frameOf("client=frame"));
    const message = await measureMessages(server, frame);
    const [open] = parseFrame(frame.text);
    const origin = { Origin: path.url, "Content-Type": "application/json" };
    const call = (target: string) =>
      client.ask("POST", target, { headers: origin, body: '"by a page"' });
    const { status } = await call("/channels/other/messages");
    const calls = status === 201 ? "taken" : "refused";
    if (message !== "held") await expectWhole(server, frame);
    const address = await measureAddress(server, client);
    const polls = await measurePolls(server, client, open);
    const webSocket = (await client.opensWebSocket("/stream?channels=doors&transport=ws"))
      ? "opens"
      : "refused";
    // Last, since it ends the stream. Where the page may not call, the server is asked itself.
    const began = performance.now();
    if (open !== undefined) {
      const target = `/${String(open["close"])}`;
      if (calls === "taken") expect((await call(target)).status).to.equal(200);
      else expect((await ask(server.url, "POST", target)).status).to.equal(200);
    }
    const hasEnded = () => parseFrame(frame.text).at(-1)?.type === "close" && frame.ended;
    const isClosed = open !== undefined && (await frame.until(HELD_MS, hasEnded));
    const isPrompt = performance.now() - began < PROMPT_MS;
    const close = !isClosed ? "held" : isPrompt ? "at once" : "late";
    return { message, calls, close, address, polls, webSocket };
  } finally {
    client.close();
  }
}

async function measureMessages(
  server: RunningServer,
  frame: Incoming,
): Promise<WireCells["message"]> {
  if ((await findListed(server, "frame")) === null)
    throw new Error(`the server has no stream: ${frame.status} ${frame.text.slice(0, 300)}`);
  for (let n = 0; n < TRIES; n++) {
    const began = performance.now();
    await publishJson(server.url, "doors", `try ${n}`);
    const last = () => parseFrame(frame.text).at(-1)?.["data"];
    const isThere = await frame.until(HELD_MS, () => last() === `try ${n}`);
    if (isThere && performance.now() - began < AT_ONCE_MS) return "at once";
    if (!isThere && n > 0) return last() === `try ${n - 1}` ? "with the next" : "held";
  }
  return "late";
}

/** Hold a frame to the messages that were published, in their order. */
async function expectWhole(server: RunningServer, frame: Incoming): Promise<void> {
  for (const data of LOAD) await publishJson(server.url, "doors", data);
  // For a middlebox that holds the last one back.
  await publishJson(server.url, "doors", "pushes");
  const messages = () => parseFrame(frame.text).filter(({ type }) => type === "message");
  const data = () =>
    messages()
      .map((event) => event["data"])
      .filter((value) => !/^try |^pushes/.test(String(value)));
  await frame.until(10_000, () => data().at(-1) === LOAD.at(-1));
  expect(data()).to.deep.equal(LOAD);
}

/**
 * Whom the server takes a client for that says nothing of itself, and one that makes itself out to
 * be another.
 */
async function measureAddress(
  server: RunningServer,
  client: PathClient,
): Promise<WireCells["address"]> {
  const addresses: string[] = [];
  const claims = [{}, { "X-Forwarded-For": "192.0.2.1" }, { Forwarded: "for=192.0.2.2" }];
  for (const [n, headers] of claims.entries()) {
    const answer = client.open("GET", frameOf(`client=claim-${n}`), { headers });
    // A claim that is refused does no harm.
    const listed = await findListed(server, `claim-${n}`, n === 0 ? HELD_MS : PROMPT_MS);
    if (listed !== null) addresses.push(listed.address);
    answer.destroy();
  }
  if (addresses.some((address) => address.startsWith("192.0.2."))) return "what it claims";
  return addresses[0] === CLIENT_ADDRESS ? "its own" : "the middlebox's";
}

/** Two polls that ask for the same, as of two panels of one kind. */
async function measurePolls(
  server: RunningServer,
  client: PathClient,
  open: WireEvent | undefined,
): Promise<WireCells["polls"]> {
  const after = open === undefined ? "" : `&after=${String(open["cursor"])}`;
  const target = `/stream?channels=polled&transport=poll&wait=20${after}`;
  const polls = [client.open("GET", target), client.open("GET", target)];
  const waiting = async () =>
    (await listStreams(server)).filter(({ transport }) => transport === "poll").length;
  const areTwo = await eventually(HELD_MS, async () => (await waiting()) === 2, "two").then(
    () => true,
    () => false,
  );
  await publishJson(server.url, "polled", "for both");
  const answered = await Promise.all(polls.map((poll) => poll.until(HELD_MS, () => poll.ended)));
  for (const poll of polls) poll.destroy();
  if (!areTwo) return "in turn";
  const areWhole = polls.every(({ text }) => text.includes("for both"));
  return areWhole && answered.every((hasEnded) => hasEnded) ? "at once" : "held";
}
