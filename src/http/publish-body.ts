import type { Context, Middleware } from "koa";
import bodyParser from "koa-bodyparser";
import { formatJson, parseJsonText } from "../core/json.ts";
import { ForeverframeError, shorten } from "../errors.ts";

/** What a body may be at most. */
export interface BodyLimits {
  readonly maxMessageBytes: number;
  readonly maxBatchBytes: number;
  readonly maxBatchMessages: number;
}

/** What a publish said: one value or a batch, each as escaped JSON text. */
export interface PublishBody {
  readonly batch: boolean;
  readonly data: readonly string[];
}

const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain";
const FORM_TYPE = "application/x-www-form-urlencoded";
const NDJSON_TYPE = "application/x-ndjson";

/** A form's percent-encoding makes a byte three, and its name and `=` are not counted either. */
const FORM_OVERHEAD = { factor: 3, bytes: 1_024 };

/** Reads bodies of these types, as the bytes that came: what they mean is decided from them, once. */
function bytesParser(types: readonly string[], limit: number): Middleware {
  const options = {
    enableTypes: ["text"],
    extendTypes: { text: [...types] },
    textLimit: String(limit),
    // null: the body parser decodes leniently, so that what is no UTF-8 would be published as U+FFFD.
    encoding: null,
  };
  return bodyParser(options);
}

/** Middleware that reads the body of a publish into `ctx.request.rawBody`. */
export function publishBodyMiddleware({ maxMessageBytes, maxBatchBytes }: BodyLimits): Middleware {
  const single = bytesParser([JSON_TYPE, TEXT_TYPE], maxMessageBytes);
  const form = bytesParser(
    [FORM_TYPE],
    maxMessageBytes * FORM_OVERHEAD.factor + FORM_OVERHEAD.bytes,
  );
  const batch = bytesParser([NDJSON_TYPE], maxBatchBytes);
  return async (ctx, next) => {
    checkHeaders(ctx);
    const parser = ctx.is(NDJSON_TYPE) ? batch : ctx.is(FORM_TYPE) ? form : single;
    try {
      await parser(ctx, async () => {});
    } catch (error) {
      throw isTooLarge(error) ? tooLarge(ctx, { maxMessageBytes, maxBatchBytes }) : error;
    }
    await next();
  };
}

/** Types of a JSON body that a beacon may send too: it can't set them. */
export const BEACON_TYPES = [JSON_TYPE, TEXT_TYPE];

/**
 * Reads the body of a route that takes an object of ours.
 *
 * @param types content types that are taken
 */
export function jsonBodyMiddleware(limit: number, types: string[] = [JSON_TYPE]): Middleware {
  const parser = bytesParser(types, limit);
  return async (ctx, next) => {
    checkHeaders(ctx);
    if (!ctx.is(types)) throw unsupportedType(ctx, types);
    try {
      await parser(ctx, async () => {});
    } catch (error) {
      throw isTooLarge(error)
        ? new ForeverframeError(
            "FF_MESSAGE_TOO_LARGE",
            `The body is larger than ${limit} bytes: send less`,
          )
        : error;
    }
    await next();
  };
}

/**
 * Make the values of a publish of the body that was read.
 *
 * @throws ForeverframeError FF_BODY_INVALID, FF_BODY_TYPE_UNSUPPORTED, FF_MESSAGE_TOO_LARGE, FF_BATCH_TOO_LARGE
 */
export function parsePublishBody(ctx: Context, limits: BodyLimits): PublishBody {
  switch (ctx.is([JSON_TYPE, TEXT_TYPE, FORM_TYPE, NDJSON_TYPE])) {
    case JSON_TYPE:
      return { batch: false, data: [parseJsonText(bodyText(ctx), "The body")] };
    case TEXT_TYPE:
      return { batch: false, data: [formatJson(bodyText(ctx))] };
    case FORM_TYPE:
      return { batch: false, data: [parseForm(bodyText(ctx), limits)] };
    case NDJSON_TYPE:
      return { batch: true, data: parseLines(bodyText(ctx), limits) };
    default:
      throw unsupportedType(ctx, [JSON_TYPE, TEXT_TYPE, FORM_TYPE, NDJSON_TYPE]);
  }
}

/**
 * The body that was read, as text.
 *
 * @throws ForeverframeError FF_BODY_INVALID: empty, or no UTF-8
 */
export function bodyText(ctx: Context): string {
  const bytes = ctx.request.rawBody;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      'The body is empty: send a value, if need be the JSON ""',
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      "The body is not UTF-8: encode it as UTF-8, or publish it as base64",
    );
  }
}

function checkHeaders(ctx: Context): void {
  const encoding = ctx.get("content-encoding").toLowerCase();
  if (encoding !== "" && encoding !== "identity") {
    throw new ForeverframeError(
      "FF_BODY_ENCODING_UNSUPPORTED",
      `The Content-Encoding "${shorten(encoding)}" is not taken: send the body as it is`,
    );
  }
  const charset = ctx.request.charset.toLowerCase();
  if (charset !== "" && charset !== "utf-8" && charset !== "utf8" && charset !== "us-ascii") {
    throw new ForeverframeError(
      "FF_BODY_TYPE_UNSUPPORTED",
      `The charset "${shorten(charset)}" is not taken: send UTF-8`,
    );
  }
}

function unsupportedType(ctx: Context, types: readonly string[]): ForeverframeError {
  if (bodyIsAbsent(ctx)) {
    return new ForeverframeError(
      "FF_BODY_INVALID",
      `There is no body: send one with Content-Type ${types[0]}`,
    );
  }
  return new ForeverframeError(
    "FF_BODY_TYPE_UNSUPPORTED",
    `The Content-Type "${shorten(ctx.get("content-type"))}" is not taken here: use ${types.join(", ")}`,
  );
}

/** `is` answers null where the request has no body at all. */
function bodyIsAbsent(ctx: Context): boolean {
  return ctx.is(JSON_TYPE) === null || ctx.get("content-length") === "0";
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "type" in error && error.type === "entity.too.large";
}

function tooLarge(ctx: Context, limits: Omit<BodyLimits, "maxBatchMessages">): ForeverframeError {
  if (ctx.is(NDJSON_TYPE)) {
    return new ForeverframeError(
      "FF_BATCH_TOO_LARGE",
      `The batch is larger than ${limits.maxBatchBytes} bytes: send it in pieces, or raise --max-batch-bytes`,
    );
  }
  return messageTooLarge("The body", limits.maxMessageBytes);
}

function messageTooLarge(what: string, maxMessageBytes: number): ForeverframeError {
  return new ForeverframeError(
    "FF_MESSAGE_TOO_LARGE",
    `${what} is larger than ${maxMessageBytes} bytes: publish where it can be fetched, or raise --max-message-bytes`,
  );
}

function parseLines(
  text: string,
  { maxMessageBytes, maxBatchMessages }: BodyLimits,
): readonly string[] {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  const values: string[] = [];
  lines.forEach((line, i) => {
    if (line.trim() === "") return;
    if (values.length >= maxBatchMessages) {
      throw new ForeverframeError(
        "FF_BATCH_TOO_LARGE",
        `The batch has more than ${maxBatchMessages} messages: send it in pieces`,
      );
    }
    if (Buffer.byteLength(line) > maxMessageBytes)
      throw messageTooLarge(`Line ${i + 1}`, maxMessageBytes);
    values.push(parseJsonText(line, `Line ${i + 1}`));
  });
  if (values.length > 0) return values;
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    "The batch holds no message: send one JSON value a line",
  );
}

/** The field `msg` as a string where there is one, else an object of all fields; a repeated one becomes an array. */
function parseForm(text: string, { maxMessageBytes }: BodyLimits): string {
  const fields = new Map<string, string[]>();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decodeFormPart(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decodeFormPart(pair.slice(equals + 1));
    fields.set(name, [...(fields.get(name) ?? []), value]);
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
