import type { Framing } from "../../core/transport.ts";

const CRLF = Buffer.from("\r\n");

/** Each piece is one chunk: https://www.rfc-editor.org/rfc/rfc9112#section-7.1 */
export const chunkedFraming: Framing = {
  key: "chunked",
  frame(parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return Buffer.concat([Buffer.from(`${length.toString(16)}\r\n`), ...parts, CRLF]);
  },
  end: Buffer.from("0\r\n\r\n"),
};

/** For HTTP/1.0, which knows no chunks: the body ends with the connection. */
export const plainFraming: Framing = {
  key: "plain",
  frame: (parts) => Buffer.concat(parts),
  end: Buffer.alloc(0),
};
