import type { Transport } from "../core/transport.ts";

const NOTHING = Buffer.alloc(0);
const NEWLINE = Buffer.from("\n");
const WRAPPED = { before: NOTHING, after: NEWLINE };

/** One event a line, for programs. https://github.com/ndjson/ndjson-spec */
export const ndjsonTransport: Transport = {
  name: "ndjson",
  key: "ndjson",
  recycles: false,
  contentType: "application/x-ndjson",
  preamble: () => NOTHING,
  wrap: () => WRAPPED,
  epilogue: NOTHING,
  heartbeat: NEWLINE,
};
