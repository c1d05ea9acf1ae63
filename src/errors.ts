/** What one error code means on the wire. */
interface ErrorSpec {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Whether a client that meets it should come back by itself. */
  readonly reconnect: boolean;
}

/**
 * The one table of codes. `docs/errors.md` has a heading for each; a test holds the two together.
 */
export const ERRORS = {
  FF_CHANNEL_INVALID: { status: 400, reconnect: false },
  FF_SELECTOR_INVALID: { status: 400, reconnect: false },
  FF_CURSOR_INVALID: { status: 400, reconnect: false },
  FF_CALLBACK_INVALID: { status: 400, reconnect: false },
  FF_PARAMETER_INVALID: { status: 400, reconnect: false },
  FF_TRANSPORT_UNKNOWN: { status: 400, reconnect: false },
  FF_UPGRADE_REQUIRED: { status: 426, reconnect: false },
  FF_BODY_INVALID: { status: 400, reconnect: false },
  FF_BODY_TYPE_UNSUPPORTED: { status: 415, reconnect: false },
  FF_BODY_ENCODING_UNSUPPORTED: { status: 415, reconnect: false },
  FF_MESSAGE_TOO_LARGE: { status: 413, reconnect: false },
  FF_BATCH_TOO_LARGE: { status: 413, reconnect: false },
  FF_IDEMPOTENCY_KEY_INVALID: { status: 400, reconnect: false },
  FF_IDEMPOTENCY_CONFLICT: { status: 422, reconnect: false },
  FF_IDEMPOTENCY_FULL: { status: 503, reconnect: true },
  FF_TOKEN_MISSING: { status: 401, reconnect: false },
  FF_TOKEN_INVALID: { status: 401, reconnect: false },
  FF_TOKEN_EXPIRED: { status: 401, reconnect: false },
  FF_TICKET_INVALID: { status: 401, reconnect: false },
  FF_TICKETS_TOO_MANY: { status: 429, reconnect: true },
  FF_REVOCATIONS_FULL: { status: 503, reconnect: false },
  FF_GUESSES_TOO_MANY: { status: 429, reconnect: true },
  FF_AUTH_UNAVAILABLE: { status: 503, reconnect: true },
  FF_FORBIDDEN: { status: 403, reconnect: false },
  FF_HOST_REFUSED: { status: 403, reconnect: false },
  FF_ORIGIN_REFUSED: { status: 403, reconnect: false },
  FF_TAKEOVER_REFUSED: { status: 403, reconnect: false },
  FF_STREAM_UNKNOWN: { status: 404, reconnect: false },
  FF_ROUTE_UNKNOWN: { status: 404, reconnect: false },
  FF_METHOD_NOT_ALLOWED: { status: 405, reconnect: false },
  FF_REQUEST_INVALID: { status: 400, reconnect: false },
  FF_REQUEST_TIMEOUT: { status: 408, reconnect: true },
  FF_HEADERS_TOO_LARGE: { status: 431, reconnect: false },
  FF_BODIES_TOO_MANY: { status: 503, reconnect: true },
  FF_PUBLISHES_TOO_MANY: { status: 503, reconnect: true },
  FF_PUBLISH_CONNECTIONS_TOO_MANY: { status: 503, reconnect: true },
  FF_STREAMS_TOO_MANY: { status: 503, reconnect: true },
  FF_PATTERNS_TOO_MANY: { status: 503, reconnect: true },
  FF_ADDRESS_STREAMS_TOO_MANY: { status: 429, reconnect: true },
  FF_SUBJECT_STREAMS_TOO_MANY: { status: 429, reconnect: true },
  FF_CLIENT_STREAMS_TOO_MANY: { status: 429, reconnect: true },
  FF_PUBLISH_RATE: { status: 429, reconnect: true },
  FF_CHANNELS_TOO_MANY: { status: 503, reconnect: true },
  FF_QUESTIONS_TOO_MANY: { status: 503, reconnect: true },
  FF_ADMIN_REQUIRED: { status: 401, reconnect: false },
  FF_ADMIN_GUESSES: { status: 429, reconnect: true },
  FF_LOG_UNAVAILABLE: { status: 503, reconnect: true },
  FF_LOG_FULL: { status: 503, reconnect: true },
  FF_WORKER_SILENT: { status: 503, reconnect: true },
  FF_DRAINING: { status: 503, reconnect: true },
  FF_CONFIG_INVALID: { status: 500, reconnect: false },
  FF_ADDRESS_IN_USE: { status: 500, reconnect: false },
  FF_INTERNAL: { status: 500, reconnect: true },
} as const satisfies Record<string, ErrorSpec>;

/** One of the codes of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/**
 * An error that its cause may read: `message` is one sentence that says what was wrong, the value
 * seen and the remedy.
 *
 * Anything else that is thrown reaches a client as a bare FF_INTERNAL, and the log in full.
 */
export class ForeverframeError extends Error {
  override readonly name = "ForeverframeError";
  /** Tells a program what was wrong: docs/errors.md has the remedy for each. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    // What it quotes may be cut within a character, and half of one breaks some readers of JSON.
    super(message.replace(/\p{Surrogate}/gu, "\ufffd"), options);
    this.code = code;
  }

  /** HTTP status of {@link code}. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Whether a client should come back by itself. */
  get reconnect(): boolean {
    return ERRORS[this.code].reconnect;
  }
}

/** A value of any kind, cut to at most 60 characters, for an error's sentence. */
export function show(value: unknown): string {
  try {
    return shorten(JSON.stringify(value) ?? String(value));
  } catch {
    return typeof value; // it can't be JSON
  }
}

/** Cut a value that somebody sent to at most 60 characters, for an error's sentence. */
export function shorten(value: string): string {
  return value.length <= 60 ? value : `${value.slice(0, 57)}...`;
}
