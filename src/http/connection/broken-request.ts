import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { ERRORS, type ErrorCode } from "../../errors.ts";
import { ANSWER_HEADERS } from "../answer-headers.ts";
import { formatProblem } from "../middleware/errors.ts";

import { HttpConnection } from "./http-connection.ts";

/**
 * Answer what could not be parsed as HTTP, or did not come in time: Node gives it to nobody else.
 * Requests that came before it are answered first.
 */
export function refuseBrokenRequest(error: Error, connection: Duplex): void {
  if (!(connection instanceof HttpConnection) || !connection.writable) {
    connection.destroy();
    return;
  }
  const { onBrokenOff } = connection;
  if (onBrokenOff !== null && codeOf(error) === REQUEST_TIMEOUT) return;
  connection.stopReading();
  const { receiving } = connection;
  if (onBrokenOff !== null) {
    receiving?.response?.once("finish", () => connection.destroySoon());
    onBrokenOff();
    return;
  }
  const begin = () => refuse(error, connection);
  if (receiving === null) connection.inTurn({ exchange: null, overlaps: false, begin });
  else if (receiving.response === null || !receiving.response.headersSent) begin();
  // Answered before its body had come: nothing more can be said.
  else if (receiving.response.writableFinished) connection.destroySoon();
  else connection.destroy();
}

const CONNECT_REQUEST = "CONNECT";
const REQUEST_TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";

function codeOf(error: Error & { code?: unknown }): unknown {
  return error.code;
}

/** Answer a request to be a proxy, which Node would cut without a word. */
export function refuseConnect(_request: IncomingMessage, connection: Duplex): void {
  if (connection instanceof HttpConnection) connection.answerOn();
  refuseBrokenRequest(Object.assign(new Error("CONNECT"), { code: CONNECT_REQUEST }), connection);
}

function refuse(error: Error, connection: HttpConnection): void {
  const { code, detail } = explain(error);
  const { status } = ERRORS[code];
  const body = formatProblem(code, detail);
  const headers = Object.entries({
    ...ANSWER_HEADERS,
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    Connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join("")}\r\n`;
  connection.end(head + body, () => connection.destroy());
}

function explain(error: Error & { code?: unknown; reason?: unknown }): {
  readonly code: ErrorCode;
  readonly detail: string;
} {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return {
        code: "FF_HEADERS_TOO_LARGE",
        detail: "The request's head is too large: send fewer or shorter headers",
      };
    case REQUEST_TIMEOUT:
      return {
        code: "FF_REQUEST_TIMEOUT",
        detail: "The request did not come in time: send it again",
      };
    case "HPE_INVALID_EOF_STATE":
      return {
        code: "FF_REQUEST_INVALID",
        detail: "The connection was ended before the request had come whole: send it again",
      };
    case "HPE_INVALID_CONTENT_LENGTH":
    case "HPE_UNEXPECTED_CONTENT_LENGTH":
    case "HPE_INVALID_TRANSFER_ENCODING":
      return {
        code: "FF_REQUEST_INVALID",
        detail:
          "It is not clear where the request ends: send one Content-Length, or Transfer-Encoding: chunked, and not both",
      };
    case CONNECT_REQUEST:
      return {
        code: "FF_REQUEST_INVALID",
        detail:
          "This server is not a proxy: send it GET and POST requests, and don't set its address as a proxy",
      };
    default:
      return {
        code: "FF_REQUEST_INVALID",
        detail: `The request is not HTTP/1.0 or HTTP/1.1 as they are written (${error.reason ?? error.message}): check what sends it`,
      };
  }
}
