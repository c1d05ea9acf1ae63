import type { Context } from "koa";
import { ForeverframeError, shorten } from "../errors.ts";

/**
 * One parameter of the query.
 *
 * @returns null where it is absent
 * @throws ForeverframeError FF_PARAMETER_INVALID: given twice, or not percent-encoded UTF-8
 */
export function parameter(ctx: Context, name: string): string | null {
  if (!isEncodedUtf8(ctx.querystring)) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      "The query is not percent-encoded UTF-8: encode its values",
    );
  }
  const value = ctx.query[name];
  if (value === undefined) return null;
  if (typeof value === "string") return value;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"${name}" is given ${value.length} times: give it once, with several values joined by commas where it takes several`,
  );
}

/**
 * One parameter of the query that is a whole number.
 *
 * @returns null where it is absent
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

/** Whether every percent-encoded byte is part of valid UTF-8. */
function isEncodedUtf8(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
