import type { Context } from "koa";
import { isCloseText, MAX_CLOSE_TEXT } from "../core/close-reason.ts";
import { checkJsonText } from "../core/json.ts";
import { ForeverframeError } from "../errors.ts";
import {
  bodyIsAbsent,
  FORM_TYPE,
  JSON_TYPE,
  smallBodyMiddleware,
  TEXT_TYPE,
  textOf,
} from "./read-body.ts";

/** Each of the 500 characters may be two escapes of six bytes. */
const MAX_BODY_BYTES = 12 * MAX_CLOSE_TEXT + 1_024;

/** curl calls what it sends a form unless told otherwise. */
const TYPES = [JSON_TYPE, TEXT_TYPE, FORM_TYPE];

const readSmallBody = smallBodyMiddleware(MAX_BODY_BYTES, TYPES);

/**
 * What the body of a close says to the clients: `{"text":"..."}`.
 *
 * @returns null where there is no body, or no text in it
 * @throws ForeverframeError FF_BODY_INVALID: it is something else, or longer than 500 characters;
 *   FF_BODY_TYPE_UNSUPPORTED, FF_MESSAGE_TOO_LARGE and what else `smallBodyMiddleware` throws
 */
export async function readCloseText(ctx: Context): Promise<string | null> {
  if (bodyIsAbsent(ctx)) return null;
  await readSmallBody(ctx, async () => {});
  const { rawBody } = ctx.request as { rawBody?: unknown };
  if (Buffer.isBuffer(rawBody) && rawBody.length === 0) return null;
  const value = checkJsonText(textOf(rawBody), "The body", 1);
  const members = typeof value === "object" && value !== null ? Object.entries(value) : [["", 0]];
  const isOurs = !Array.isArray(value) && members.every(([name]) => name === "text");
  const [[, text] = ["", ""]] = members;
  if (isOurs && isCloseText(text)) return text === "" ? null : text;
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    `The body is not what a close can say: send {"text":"..."} with at most ${MAX_CLOSE_TEXT} characters, or no body`,
  );
}
