import type { Context, Middleware } from "koa";
import bodyParser from "koa-bodyparser";
import { checkJsonText, MAX_DATA_DEPTH } from "../core/json.ts";
import type { MemoryBudget } from "../core/memory-budget.ts";
import type { Steps, TurnBudget } from "../core/turn-budget.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import { carrierOf } from "./connection/carriers.ts";

/** Types of bodies. */
export const JSON_TYPE = "application/json";
export const TEXT_TYPE = "text/plain";
export const FORM_TYPE = "application/x-www-form-urlencoded";

const NOTHING = Buffer.alloc(0);

/** What reading bodies needs, shared by all clients. */
export interface BodyReading {
  /** Counts what was read and is not parsed yet. */
  readonly budget: MemoryBudget;
  /** Time for parsing bodies of one message. */
  readonly turns: TurnBudget;
  /** Time for parsing large bodies, one after the other. */
  readonly largeTurns: TurnBudget;
}

/** How one body is read. */
export interface BodyOptions extends Pick<BodyReading, "budget" | "turns"> {
  /** Bytes that the body may have. */
  readonly limit: number;
  /** The refusal of one that has more. */
  readonly tooLarge: () => ForeverframeError;
}

/**
 * Read a body and parse it, when the bodies before it have been parsed.
 *
 * Not by koa-bodyparser, since what it has read so far can neither be counted nor be let go.
 *
 * @param parse is given the bytes as they came, and works in small steps
 * @throws ForeverframeError what `tooLarge` gives, and what `parse` throws; FF_BODIES_TOO_MANY;
 *   FF_REQUEST_INVALID: it broke off
 */
export async function readBody<T extends object | string>(
  ctx: Context,
  options: BodyOptions,
  parse: (body: Buffer) => Steps<T>,
): Promise<T> {
  const { req } = ctx;
  const { limit, budget, turns, tooLarge } = options;
  const earlier = earlierBody(ctx);
  if (earlier !== null) {
    if (earlier.length > limit) throw tooLarge();
    return turns.inSteps(parse(earlier));
  }
  // What still comes is thrown away by Node when the answer has been sent.
  if (Number(req.headers["content-length"]) > limit) throw tooLarge();
  return new Promise<T>((resolve, reject) => {
    let kept: Buffer | null = null;
    let bytes = 0;
    const stopReading = () => {
      req.off("data", onData).off("end", onEnd).off("close", onBrokenOff).off("error", onBrokenOff);
    };
    const fail = (error: ForeverframeError) => {
      kept = null;
      stopReading();
      holding.end();
      req.resume();
      reject(error);
    };
    const holding = budget.hold(() => fail(tooMany(bytes)));
    const onData = (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > limit) return fail(tooLarge());
      kept = kept === null ? piece : append(kept, bytes - piece.length, piece);
      holding.set(kept.length);
    };
    const onEnd = () => {
      kept = kept === null ? NOTHING : kept.subarray(0, bytes);
      stopReading();
      let steps: Steps<T> | null = null;
      const next = (): IteratorResult<unknown, T | null> => {
        // It was refused while it waited: there was too much in memory
        if (kept === null) return { done: true, value: null };
        steps ??= parse(kept);
        return steps.next();
      };
      const parseInTurn = () =>
        turns
          .inSteps({ next })
          .then((parsed) => parsed !== null && resolve(parsed), reject)
          .finally(() => holding.end());
      carrierOf(ctx).inReadOrder(() => void parseInTurn());
    };
    const onBrokenOff = () => fail(brokenOff());
    req.on("data", onData).on("end", onEnd).on("close", onBrokenOff).on("error", onBrokenOff);
  });
}

/**
 * Put a piece behind the first `used` bytes. Not a list of pieces: of a body in chunks of one byte,
 * a list would be a hundred times as large as what is counted.
 *
 * @returns the same memory, or twice as much with the same bytes
 */
function append(kept: Buffer, used: number, piece: Buffer): Buffer {
  const needed = used + piece.length;
  const roomy =
    needed <= kept.length ? kept : Buffer.allocUnsafe(Math.max(2 * kept.length, needed));
  if (roomy !== kept) kept.copy(roomy, 0, 0, used);
  piece.copy(roomy, used);
  return roomy;
}

function tooMany(bytes: number): ForeverframeError {
  return new ForeverframeError(
    "FF_BODIES_TOO_MANY",
    `The bodies that are being read are more than --max-buffered-bytes allows, and this one is the largest with ${bytes} bytes: try again later, in smaller pieces`,
  );
}

function brokenOff(): ForeverframeError {
  return new ForeverframeError("FF_REQUEST_INVALID", "The body broke off: send it again whole");
}

/** Types of a JSON body from a beacon, which can't set them. */
const BEACON_TYPES = [JSON_TYPE, TEXT_TYPE];

/**
 * Reads the small body of a route that takes an object of ours, also from a beacon.
 *
 * @param types of bodies that are taken
 */
export function smallBodyMiddleware(limit: number, types = BEACON_TYPES): Middleware {
  const options = {
    enableTypes: ["text"],
    extendTypes: { text: [...types] },
    textLimit: String(limit),
    // null: the body parser decodes leniently, so that bytes that are not UTF-8 would be taken as
    // U+FFFD.
    encoding: null,
  };
  const parser = bodyParser(options);
  return async (ctx, next) => {
    checkHeaders(ctx);
    if (!ctx.is(types)) throw unsupportedType(ctx, types);
    try {
      const earlier = earlierBody(ctx);
      if (earlier !== null && earlier.length > limit) throw bodyTooLarge(limit);
      if (earlier !== null) ctx.request.rawBody = earlier as never;
      else await parser(ctx, async () => {});
    } catch (error) {
      throw isTooLarge(error) ? bodyTooLarge(limit) : error;
    }
    await next();
  };
}

/**
 * A body that a body parser of the application has read before the request came here; null if none
 * has.
 *
 * @throws ForeverframeError FF_BODY_INVALID: what it said is gone
 */
export function earlierBody(ctx: Context): Buffer | null {
  if (!ctx.req.readableEnded) return null;
  if (bodyIsAbsent(ctx)) return NOTHING;
  const { rawBody, body } = ctx.req as { rawBody?: unknown; body?: unknown };
  for (const bytes of [rawBody, body]) if (Buffer.isBuffer(bytes)) return bytes;
  if (typeof rawBody === "string") return Buffer.from(rawBody);
  if (body !== undefined && ctx.is(JSON_TYPE)) return Buffer.from(JSON.stringify(body));
  if (typeof body === "string") return Buffer.from(body);
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    "The application has read the body before it came here: mount Foreverframe before its body parser",
  );
}

/** The refusal of a body that is too large and is not a publish. */
export function bodyTooLarge(limit: number): ForeverframeError {
  return new ForeverframeError(
    "FF_MESSAGE_TOO_LARGE",
    `The body is larger than ${limit} bytes: send less`,
  );
}

/**
 * The object in a small body that {@link smallBodyMiddleware} has read; without members where the
 * body is another value.
 *
 * @throws ForeverframeError FF_BODY_INVALID: it is no JSON
 */
export function objectOf(ctx: Context): Readonly<Record<string, unknown>> {
  const value = checkJsonText(textOf(ctx.request.rawBody), "The body", MAX_DATA_DEPTH);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/**
 * A body as text.
 *
 * @throws ForeverframeError FF_BODY_INVALID: empty, or not UTF-8
 */
export function textOf(body: unknown): string {
  if (!Buffer.isBuffer(body) || body.length === 0) {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      'The body is empty: send a value, if need be the JSON ""',
    );
  }
  try {
    // Without a byte order mark, which .NET and PowerShell put before what they send.
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      "The body is not UTF-8: encode it as UTF-8, or publish it as base64",
    );
  }
}

/** @throws ForeverframeError FF_BODY_ENCODING_UNSUPPORTED, FF_BODY_TYPE_UNSUPPORTED */
export function checkHeaders(ctx: Context): void {
  const encoding = ctx.get("content-encoding").toLowerCase();
  if (encoding !== "" && encoding !== "identity") {
    throw new ForeverframeError(
      "FF_BODY_ENCODING_UNSUPPORTED",
      `The Content-Encoding "${shorten(encoding)}" is not taken: send the body as it is`,
    );
  }
  const transfer = ctx.get("transfer-encoding").toLowerCase();
  if (transfer !== "" && transfer !== "chunked") {
    throw new ForeverframeError(
      "FF_BODY_ENCODING_UNSUPPORTED",
      `The Transfer-Encoding "${shorten(transfer)}" is not taken: send the body chunked or with its Content-Length`,
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

/** The refusal of a body of another type, or of none. */
export function unsupportedType(ctx: Context, types: readonly string[]): ForeverframeError {
  if (bodyIsAbsent(ctx)) {
    return new ForeverframeError(
      "FF_BODY_INVALID",
      `The request has no body: send one with Content-Type ${types[0]}`,
    );
  }
  // PHP's curl sends an array of fields this way.
  const remedy = ctx.is("multipart/form-data")
    ? ": send the fields as application/x-www-form-urlencoded, in PHP with http_build_query($fields)"
    : `: use ${types.join(", ")}`;
  return new ForeverframeError(
    "FF_BODY_TYPE_UNSUPPORTED",
    `The Content-Type "${shorten(ctx.get("content-type"))}" is not taken here${remedy}`,
  );
}

/** `is` answers null where the request has no body at all. */
export function bodyIsAbsent(ctx: Context): boolean {
  return ctx.is(JSON_TYPE) === null || ctx.get("content-length") === "0";
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "type" in error && error.type === "entity.too.large";
}
