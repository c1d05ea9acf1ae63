import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { ERRORS, type ErrorCode } from "../errors.ts";
import { STREAM_HEADERS } from "./hand-over.ts";
import { formatProblem } from "./middleware/errors.ts";

/** Answer what could not be parsed as HTTP, or did not come in time: Node gives it to nobody else. */
export function refuseBrokenRequest(error: Error, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { code, detail } = explain("code" in error ? String(error.code) : "");
  const { status } = ERRORS[code];
  const body = formatProblem(code, detail);
  const headers = Object.entries({
    ...STREAM_HEADERS,
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    Connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join("")}\r\n`;
  socket.end(head + body, () => socket.destroy());
}

function explain(code: string): { readonly code: ErrorCode; readonly detail: string } {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return {
        code: "FF_HEADERS_TOO_LARGE",
        detail: "The request's head is too large: send fewer or shorter headers",
      };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return {
        code: "FF_REQUEST_TIMEOUT",
        detail: "The request did not come in time: send it again",
      };
    default:
      return {
        code: "FF_REQUEST_INVALID",
        detail: "The request is not HTTP/1.0 or HTTP/1.1: check what sends it",
      };
  }
}
