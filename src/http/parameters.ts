import type { IncomingMessage } from "node:http";
import { type ParsedUrlQuery, parse } from "node:querystring";
import type { Context } from "koa";
import { copyText } from "../core/copy-text.ts";
import { ForeverframeError, shorten } from "../errors.ts";

/** Most parameters of a request. If it has more, it is refused as soon as one is asked for. */
export const MAX_PARAMETERS = 64;

const queries = new WeakMap<IncomingMessage, ParsedUrlQuery>();

/**
 * The query, whatever is wrong with it: for what has to be known before a request is checked, or
 * after it was refused.
 *
 * Not by Koa, whose `ctx.query` takes n * n steps for n parameters: a web page could stop a server
 * with a few requests.
 */
export function queryOf({ req, querystring }: Context): ParsedUrlQuery {
  let query = queries.get(req);
  if (query === undefined) {
    query = parse(querystring, "&", "=", { maxKeys: MAX_PARAMETERS });
    queries.set(req, query);
  }
  return query;
}

/**
 * Take more parameters, from a form that a request carries. Those of the query stay.
 *
 * @throws ForeverframeError FF_PARAMETER_INVALID: too many, or not percent-encoded UTF-8
 */
export function addParameters(ctx: Context, form: string): void {
  checkEncoding(form, "form");
  const fields = parse(form, "&", "=", { maxKeys: MAX_PARAMETERS });
  queries.set(ctx.req, { ...fields, ...queryOf(ctx) });
}

/**
 * One parameter of the query, which may be kept for as long as its stream lasts.
 *
 * @returns null where it is absent or empty
 * @throws ForeverframeError FF_PARAMETER_INVALID: given twice, not percent-encoded UTF-8, or one of
 *   too many
 */
export function parameter(ctx: Context, name: string): string | null {
  checkEncoding(ctx.querystring, "query");
  const value = queryOf(ctx)[name];
  if (value === undefined || value === "") return null;
  if (typeof value === "string") return copyText(value);
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"${name}" is given ${value.length} times: give it once, with several values joined by commas where it takes several`,
  );
}

/**
 * One parameter of the query that is a whole number.
 *
 * @returns null where it is absent or empty
 * @throws ForeverframeError FF_PARAMETER_INVALID
 */
export function numberParameter(
  ctx: Context,
  name: string,
  min: number,
  max: number,
): number | null {
  const value = parameter(ctx, name);
  if (value === null) return null;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"${name}" is "${shorten(value)}": give a whole number from ${min} to ${max}`,
  );
}

/**
 * One segment of the path, decoded.
 *
 * @throws ForeverframeError FF_PARAMETER_INVALID: it is not percent-encoded UTF-8
 */
export function pathParameter(ctx: Context, name: string): string {
  if (!isEncodedUtf8(ctx.path)) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      "The path is not percent-encoded UTF-8: encode its names",
    );
  }
  return String(ctx["params"][name]);
}

function checkEncoding(text: string, what: string): void {
  if (!isEncodedUtf8(text)) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      `The ${what} is not percent-encoded UTF-8: encode its values`,
    );
  }
  const count = text.split("&", MAX_PARAMETERS + 1).length;
  if (count <= MAX_PARAMETERS) return;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `The ${what} has more than ${MAX_PARAMETERS} parameters: leave out those that nobody knows`,
  );
}

/** Whether every percent-encoded byte is part of valid UTF-8. */
function isEncodedUtf8(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
