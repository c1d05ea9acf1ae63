import { ForeverframeError } from "../../errors.ts";
import { RETRY_AFTER_S } from "../middleware/errors.ts";
import { PUBLISH_RETRY_AFTER_S } from "../publish-rate.ts";

/** The answer to a line that the log has, without a line end. */
export function formatTaken(id: string): string {
  return `{"id":"${id}"}`;
}

/**
 * The answer to a line that was refused, without a line end: what other routes answer, in short.
 */
export function formatRefused(error: ForeverframeError): string {
  const { code, status, message: detail } = error;
  const isForAWhile = status === 429 || status === 503;
  const retryAfter = code === "FF_PUBLISH_RATE" ? PUBLISH_RETRY_AFTER_S : RETRY_AFTER_S;
  return JSON.stringify({
    error: { code, status, detail, ...(isForAWhile ? { retryAfter } : {}) },
  });
}

/** What a client may be told of something that was thrown. */
export function publicRefusal(cause: unknown): ForeverframeError {
  if (cause instanceof ForeverframeError) return cause;
  return new ForeverframeError(
    "FF_INTERNAL",
    "Something went wrong in the server, which has logged it: try again later",
  );
}
