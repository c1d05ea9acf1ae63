/** No answer may be kept, changed or held back on its way. */
export const ANSWER_HEADERS = {
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;

/** What the head of a stream's response says besides its content type. */
export const STREAM_HEADERS = {
  ...ANSWER_HEADERS,
  "Content-Encoding": "identity", // nginx and Caddy leave it alone then, whatever they compress
} as const;
