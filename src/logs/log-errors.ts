import { ForeverframeError } from "../errors.ts";

/** An append would make more channels than may keep messages. */
export function channelsTooMany(maxChannels: number): ForeverframeError {
  return new ForeverframeError(
    "FF_CHANNELS_TOO_MANY",
    `${maxChannels} channels keep messages already: use fewer names, or raise --max-channels`,
  );
}

/** An idempotency key came with other messages than before. */
export function idempotencyConflict(): ForeverframeError {
  return new ForeverframeError(
    "FF_IDEMPOTENCY_CONFLICT",
    "This Idempotency-Key came with another body less than 10 minutes ago: generate a new key for each message",
  );
}

/** One more idempotency key can't be remembered. */
export function idempotencyFull(maxIdempotencyKeys: number): ForeverframeError {
  return new ForeverframeError(
    "FF_IDEMPOTENCY_FULL",
    `As many idempotency keys as you may have of ${maxIdempotencyKeys} are remembered already: try again later, or without a key`,
  );
}

/** One more revocation can't be kept. */
export function revocationsFull(maxRevocations: number): ForeverframeError {
  return new ForeverframeError(
    "FF_REVOCATIONS_FULL",
    `${maxRevocations} revocations are kept already: give each an "until", revoke by "sub" rather than by "jti", or change the key that signs tokens`,
  );
}

/** Nobody waits for the answer of a search any more. */
export function goneError(): ForeverframeError {
  return new ForeverframeError(
    "FF_REQUEST_INVALID",
    "The client has gone: nothing is searched for",
  );
}

/** The log was closed before the call. */
export function closedError(): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    "The log is closed because the server is stopping: try again soon",
  );
}

/** A log shows less of itself than whoever reads has seen before. */
export function showsLess(upTo: string, tip: string): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `The log shows its messages up to ${tip} only, and ${upTo} was seen before: try again`,
  );
}
