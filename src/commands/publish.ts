import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseChannelName } from "../core/channel-name.ts";
import { request, routeUrl, UnreachableError } from "./server-client.ts";

/** Lines that go in one request at most, and their bytes about. */
const MAX_LINES = 1_000;
const MAX_BYTES = 1_048_576;

/** How often, and after how many ms, a batch is sent again when the server has gone away meanwhile. */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** What `foreverframe publish` is given. */
export interface PublishOptions {
  readonly url: string;
  readonly channel: string;
  /** One value; undefined to read lines. */
  readonly data: string | undefined;
  readonly input: AsyncIterable<Buffer | string>;
}

/**
 * `foreverframe publish`: one value, or each line of the input, in its order. Blank lines are passed over.
 *
 * Lines that wait go together, in one atomic batch with a key of its own: so it can be sent again when the connection
 * broke, and is stored once.
 *
 * @throws ForeverframeError when the server is not there, or refuses
 */
export async function publish({ url, channel, data, input }: PublishOptions): Promise<void> {
  const name = parseChannelName(channel);
  const target = routeUrl(url, `channels/${encodeURIComponent(name)}/messages`);
  let published = 0;
  const send = async (lines: readonly string[]) => {
    await sendBatch(target, lines, published > 0);
    published += lines.length;
  };
  try {
    if (data !== undefined) await send([toJson(data)]);
    else for await (const lines of batches(input)) await send(lines.map(toJson));
  } finally {
    console.error(
      `foreverframe: published ${published} ${published === 1 ? "message" : "messages"} to ${name}`,
    );
  }
}

/** What is no JSON value is text. */
function toJson(line: string): string {
  try {
    JSON.parse(line);
    return line;
  } catch {
    return JSON.stringify(line);
  }
}

async function sendBatch(url: URL, lines: readonly string[], mayRetry: boolean): Promise<void> {
  const init = {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson", "Idempotency-Key": randomUUID() },
    body: lines.map((line) => line.replaceAll(/[\r\n]+/g, " ")).join("\n"),
  };
  for (const delay of mayRetry ? RETRY_DELAYS_MS : []) {
    try {
      await request(url, init);
      return;
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      await sleep(delay);
    }
  }
  await request(url, init);
}

/** Complete lines of the input, all that are there at a time. */
async function* batches(input: AsyncIterable<Buffer | string>): AsyncIterable<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of input) {
    const lines = (
      rest + (typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }))
    ).split("\n");
    rest = lines.pop() ?? "";
    yield* cut(lines);
  }
  yield* cut([rest + decoder.decode()]);
}

function* cut(lines: readonly string[]): Iterable<readonly string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    if (line.trim() === "") continue;
    if (batch.length >= MAX_LINES || bytes + line.length > MAX_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += line.length;
  }
  if (batch.length > 0) yield batch;
}
