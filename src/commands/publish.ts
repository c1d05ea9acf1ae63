import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { parseChannelName } from "../core/channel-name.ts";
import { ForeverframeError } from "../errors.ts";
import { addServerOptions, type ServerAccess } from "./client-options.ts";
import { type KeyedLine, LineConnection } from "./line-connection.ts";
import { type InputLine, readLines } from "./lines.ts";
import { RequestError, request, routeUrl, tokenHeader } from "./server-client.ts";
import { escapeForTerminal } from "./terminal.ts";

/** Most lines in one request, and about how many characters they may have. */
const MAX_LINES = 1_000;
const MAX_CHARACTERS = 1_048_576;

/**
 * Up to this many lines, and characters, go over a publish connection, where each is answered
 * without a request of its own. More go faster as one batch.
 */
const FEW_LINES = 100;
const FEW_CHARACTERS = 32_768;

/** Longest line that is sent for the server to judge: the largest --max-message-bytes. */
const MAX_LINE = 16_777_216;

/**
 * Pauses before a batch is sent again, in ms, if the server could not take it or did not answer.
 */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** What `foreverframe publish` is given. */
interface PublishOptions extends ServerAccess {
  readonly channel: string;
  /** One value; undefined to read lines. */
  readonly data: string | undefined;
  readonly input: AsyncIterable<Buffer | string>;
}

/** Add `foreverframe publish`. */
export function addPublishCommand(program: Command): void {
  const command = program
    .command("publish")
    .summary("publish one value, or each line of standard input")
    .description(
      "Publish one value, or each line of standard input. A value that is not JSON is published as text.",
    )
    .argument("<channel>", "channel to publish to, such as doors.north")
    .argument("[data]", "the value; without it, standard input is read line by line");
  addServerOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  foreverframe publish doors.north '{"vid":7}'
  tail -F /var/log/syslog | foreverframe publish log.syslog
  foreverframe publish --url http://panel.intranet/push/ --token-file gate doors.north '"open"'`,
    )
    .action((channel: string, data: string | undefined, options: ServerAccess) =>
      publish({ ...options, channel, data, input: process.stdin }),
    );
}

/**
 * `foreverframe publish`: one value, or each line of the input, in its order. Blank lines are
 * passed over.
 *
 * Many lines that wait go together, in one atomic batch; a few go over a publish connection, unless
 * the server or what is before it does not let one through. Both have idempotency keys: so they can
 * be sent again when the connection broke, and are stored once. A line that the server refuses is
 * named on stderr, and those behind it are still published.
 *
 * @throws ForeverframeError when the server is not there or goes away for long, or has refused
 *   something
 */
async function publish(options: PublishOptions): Promise<void> {
  const { url, tokenFile, channel, data, input } = options;
  const name = parseChannelName(channel);
  const path = `channels/${encodeURIComponent(name)}/messages`;
  const sender = new LineSender({
    url: routeUrl(url, path),
    connectionUrl: routeUrl(url, "publish"),
    channel: name,
    tokenFile,
  });
  try {
    if (data !== undefined) await sender.send([{ number: 1, text: checkArgument(data) }]);
    else {
      for await (const lines of readLines(input, MAX_LINE)) {
        const texts = lines.filter((line) => isText(line) || sender.refuse(line, NOT_UTF8));
        for (const batch of batchesOf(texts.filter(isText))) await sender.sendSome(batch);
      }
    }
  } finally {
    sender.close();
    const { published } = sender;
    console.error(
      `foreverframe: published ${published} ${published === 1 ? "message" : "messages"} to ${name}`,
    );
  }
  if (sender.refused === 0) return;
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    `${sender.refused} of the lines were refused, as said above: mend them and publish them again`,
  );
}

/** A line that can be sent. */
type TextLine = InputLine & { readonly text: string };

const NOT_UTF8 =
  "it is not UTF-8, and is not published: convert it, such as by iconv -f latin1 -t utf-8";

function isText(line: InputLine): line is TextLine {
  return line.text !== null;
}

/** Node puts U+FFFD in place of what is not UTF-8. */
function checkArgument(data: string): string {
  if (!data.includes("\ufffd")) return data;
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    "The value is not UTF-8, and is not published: use a terminal and a locale of UTF-8, or pipe the value in",
  );
}

/** Where lines go. */
interface LineSenderOptions {
  /** Of the channel's messages. */
  readonly url: URL;
  /** Of publish connections. */
  readonly connectionUrl: URL;
  readonly channel: string;
  readonly tokenFile: string | undefined;
}

class LineSender {
  published = 0;
  refused = 0;
  readonly #options: LineSenderOptions;
  #connection: LineConnection | null = null;
  /** Whether publish connections are let through, as far as is known. */
  #areLetThrough = true;
  #isFirst = true;

  constructor(options: LineSenderOptions) {
    this.#options = options;
  }

  /** Send lines in the way that suits their number. */
  async sendSome(lines: readonly TextLine[]): Promise<void> {
    const characters = lines.reduce((sum, { text }) => sum + text.length, 0);
    const areFew = lines.length <= FEW_LINES && characters <= FEW_CHARACTERS;
    // One that pipes a line or a file does not come back, so it needs no connection.
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const connection = areFew && !isFirst ? await this.#connect() : null;
    if (connection === null) await this.sendOrName(lines);
    else await this.#sendOver(connection, lines);
  }

  /**
   * Send each line over a connection; as a request of its own where that has no answer for good.
   */
  async #sendOver(connection: LineConnection, lines: readonly TextLine[]): Promise<void> {
    const { channel } = this.#options;
    const keyed = lines.map((line): KeyedLine & { readonly line: TextLine } => ({
      line,
      channel,
      data: toJson(line.text),
      key: randomUUID(),
    }));
    const answers = await connection.send(keyed);
    for (const [i, { line, key }] of keyed.entries()) {
      const answer = answers[i];
      if (answer != null && answer.id !== null) this.published++;
      // It may be stored already: the same key tells.
      else if (answer === undefined || isForNow(answer.status)) await this.sendOrName([line], key);
      else this.refuse(line, `The server refused (${answer.status}): ${answer.detail}`);
    }
  }

  /** A connection that is open; null if there can't be one. */
  async #connect(): Promise<LineConnection | null> {
    if (this.#connection?.isBroken === false) return this.#connection;
    if (!this.#areLetThrough) return null;
    const { connectionUrl, tokenFile } = this.#options;
    const opened = await LineConnection.open(connectionUrl, tokenHeader(tokenFile));
    // One that was open before may be so again, when the server has come back.
    this.#areLetThrough = opened !== null || this.#connection !== null;
    this.#connection = opened ?? this.#connection;
    return opened;
  }

  close(): void {
    this.#connection?.close();
  }

  /** Name a line that is not published. */
  refuse({ number }: InputLine, reason: string): false {
    this.refused++;
    process.stderr.write(`foreverframe: line ${number}: ${escapeForTerminal(reason)}\n`);
    return false;
  }

  /** Send lines as one batch. A server that was never there is not waited for. */
  async send(lines: readonly TextLine[], key: string = randomUUID()): Promise<void> {
    const { url, tokenFile } = this.#options;
    // A single line is not sent as a batch, so that a refusal does not speak of "line 1".
    const type = lines.length === 1 ? "application/json" : "application/x-ndjson";
    const init = {
      method: "POST",
      headers: { "Content-Type": type, "Idempotency-Key": key },
      body: lines.map(({ text }) => toJson(text)).join("\n"),
    };
    for (const delay of [...RETRY_DELAYS_MS, null]) {
      try {
        const headers = { ...init.headers, ...tokenHeader(tokenFile) };
        await request(url, { ...init, headers });
        this.published += lines.length;
        return;
      } catch (error) {
        const temporary = error instanceof RequestError && error.isTemporary;
        const neverThere =
          error instanceof RequestError && error.answered === null && this.published === 0;
        if (!temporary || neverThere || delay === null) throw error;
        await sleep(delay);
      }
    }
  }

  /**
   * Send lines. If the server refuses them together, send each by itself, and name those that it
   * refuses.
   */
  async sendOrName(lines: readonly TextLine[], key?: string): Promise<void> {
    try {
      await this.send(lines, key);
    } catch (error) {
      if (!(error instanceof RequestError) || error.isTemporary || error.isForbidden) throw error;
      const [line] = lines;
      if (lines.length === 1 && line !== undefined) {
        this.refuse(line, error.message);
        return;
      }
      for (const one of lines) await this.sendOrName([one]);
    }
  }
}

/** Whether a request with another token, or later, may be answered otherwise. */
function isForNow(status: number): boolean {
  return [401, 403, 429, 503].includes(status);
}

/** A value that is not JSON is text. */
function toJson(text: string): string {
  try {
    JSON.parse(text);
    return text.replaceAll(/[\r\n]+/g, " ");
  } catch {
    return JSON.stringify(text);
  }
}

function* batchesOf(lines: readonly TextLine[]): Iterable<readonly TextLine[]> {
  let batch: TextLine[] = [];
  let characters = 0;
  for (const line of lines) {
    if (line.text.trim() === "") continue;
    const full = batch.length >= MAX_LINES || characters + line.text.length > MAX_CHARACTERS;
    if (full && batch.length > 0) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(line);
    characters += line.text.length;
  }
  if (batch.length > 0) yield batch;
}
