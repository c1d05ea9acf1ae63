import type { Context } from "koa";
import { type EscapedJson, formatJson, parseJsonText } from "../core/json.ts";
import { oneStep, type Steps } from "../core/turn-budget.ts";
import { ForeverframeError } from "../errors.ts";
import {
  type BodyReading,
  checkHeaders,
  FORM_TYPE,
  JSON_TYPE,
  readBody,
  TEXT_TYPE,
  textOf,
  unsupportedType,
} from "./read-body.ts";

/** The limits of a body. */
export interface BodyLimits {
  readonly maxMessageBytes: number;
  readonly maxBatchBytes: number;
  readonly maxBatchMessages: number;
  /** Of one value for several channels. */
  readonly maxPublishChannels: number;
}

/** What a publish said: one value or a batch. */
export interface PublishBody {
  readonly batch: boolean;
  readonly data: readonly EscapedJson[];
}

const NDJSON_TYPE = "application/x-ndjson";
const PUBLISH_TYPES = [JSON_TYPE, TEXT_TYPE, FORM_TYPE, NDJSON_TYPE];

/** As many as PHP takes by default. */
const MAX_FORM_FIELDS = 1_000;

/**
 * How much larger a form may be than its message: percent-encoding makes one byte three, and the
 * field's name and `=` are not counted either.
 */
const FORM_OVERHEAD = { factor: 3, bytes: 1_024 };

/**
 * Make a function that reads the body of a publish and parses its values.
 *
 * It throws ForeverframeError FF_BODY_INVALID, FF_BODY_TYPE_UNSUPPORTED, FF_MESSAGE_TOO_LARGE,
 * FF_BATCH_TOO_LARGE, and what {@link readBody} throws.
 */
export function createPublishReader(
  limits: BodyLimits,
  reading: BodyReading,
): (ctx: Context) => Promise<PublishBody> {
  const { maxMessageBytes, maxBatchBytes } = limits;
  const refusal = () => tooLarge(limits);
  const one = { ...reading, limit: maxMessageBytes, tooLarge: refusal };
  const formBytes = maxMessageBytes * FORM_OVERHEAD.factor + FORM_OVERHEAD.bytes;
  const form = { ...reading, limit: formBytes, tooLarge: refusal };
  const batch = {
    budget: reading.budget,
    turns: reading.largeTurns,
    limit: maxBatchBytes,
    tooLarge: () => batchTooLarge(limits),
  };
  const parseJson = (body: Buffer) => single(() => parseJsonText(textOf(body), "The body"));
  const parseText = (body: Buffer) => single(() => formatJson(textOf(body)));
  const parseFields = (body: Buffer) => single(() => parseForm(textOf(body), limits));
  const parseBatch = (body: Buffer) => parseLines(textOf(body), limits);
  return async (ctx) => {
    checkHeaders(ctx);
    switch (ctx.is(PUBLISH_TYPES)) {
      case JSON_TYPE:
        return readBody(ctx, one, parseJson);
      case TEXT_TYPE:
        return readBody(ctx, one, parseText);
      case FORM_TYPE:
        return readBody(ctx, form, parseFields);
      case NDJSON_TYPE:
        return readBody(ctx, batch, parseBatch);
      default:
        throw unsupportedType(ctx, PUBLISH_TYPES);
    }
  };
}

function single(parse: () => EscapedJson): Steps<PublishBody> {
  return oneStep(() => ({ batch: false, data: [parse()] }));
}

function batchTooLarge({ maxBatchBytes }: BodyLimits): ForeverframeError {
  return new ForeverframeError(
    "FF_BATCH_TOO_LARGE",
    `The batch is larger than ${maxBatchBytes} bytes: send it in pieces, or raise --max-batch-bytes`,
  );
}

function tooLarge({ maxMessageBytes }: BodyLimits): ForeverframeError {
  return messageTooLarge("The body", maxMessageBytes);
}

function messageTooLarge(what: string, maxMessageBytes: number): ForeverframeError {
  return new ForeverframeError(
    "FF_MESSAGE_TOO_LARGE",
    `${what} is larger than ${maxMessageBytes} bytes: publish where it can be fetched, or raise --max-message-bytes`,
  );
}

/** A batch, in steps of a line: it may have millions. */
function* parseLines(text: string, limits: BodyLimits): Generator<unknown, PublishBody> {
  const { maxMessageBytes, maxBatchMessages } = limits;
  const values: EscapedJson[] = [];
  for (let start = 0, number = 1; start < text.length; number++) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? text.length : end).trim();
    start = end < 0 ? text.length : end + 1;
    if (line !== "") {
      if (values.length >= maxBatchMessages) {
        throw new ForeverframeError(
          "FF_BATCH_TOO_LARGE",
          `The batch has more than ${maxBatchMessages} messages: send it in pieces`,
        );
      }
      if (Buffer.byteLength(line) > maxMessageBytes)
        throw messageTooLarge(`Line ${number}`, maxMessageBytes);
      values.push(parseJsonText(line, `Line ${number}`));
    }
    yield;
  }
  if (values.length > 0) return { batch: true, data: values };
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    "The batch holds no message: send one JSON value a line",
  );
}

/**
 * The field `msg` as a string if there is one, otherwise an object of all fields; a repeated one
 * becomes an array.
 *
 * A body that is a JSON object or array as a whole is taken as such: curl and PHP's curl call every
 * body a form unless they are told otherwise.
 */
function parseForm(text: string, { maxMessageBytes }: BodyLimits): EscapedJson {
  if (isJsonContainer(text)) {
    if (Buffer.byteLength(text) > maxMessageBytes)
      throw messageTooLarge("The body", maxMessageBytes);
    return parseJsonText(text, "The body");
  }
  const pairs = text.split("&").filter((pair) => pair !== "");
  if (pairs.length > MAX_FORM_FIELDS) {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      `The form has ${pairs.length} fields, and ${MAX_FORM_FIELDS} are taken: send the data as JSON`,
    );
  }
  const fields = new Map<string, string[]>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const name = decodeFormPart(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decodeFormPart(pair.slice(equals + 1));
    const others = fields.get(name);
    if (others === undefined) fields.set(name, [value]);
    else others.push(value);
  }
  const message = fields.get("msg")?.[0];
  const entries = Array.from(fields, ([name, values]) => [
    name,
    values.length === 1 ? values[0] : values,
  ]);
  const json = JSON.stringify(message ?? Object.fromEntries(entries));
  const bytes = Buffer.byteLength(message ?? json);
  if (bytes > maxMessageBytes) throw messageTooLarge("The form", maxMessageBytes);
  return parseJsonText(json, "The form");
}

function isJsonContainer(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  // A form would have percent-encoded these characters, so say what is wrong with the body as JSON.
  if (/^\s*(?:\{\s*"|\[\s*["{[])/.test(text)) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function decodeFormPart(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll("+", " "));
  } catch {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      "The form is not percent-encoded UTF-8: declare the page's charset as utf-8",
    );
  }
}
