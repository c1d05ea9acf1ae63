import type { Transport } from "../core/transport.ts";

const NOTHING = Buffer.alloc(0);

/** Text frame, final fragment. */
const TEXT = 0x81;

// An event of a type that clients don't know: a ping would be answered by the browser and never
// seen by the page.
const HEARTBEAT = Buffer.from('{"type":"heartbeat"}');

/**
 * One event per text frame. A server's frames are not masked, so they are the same for all clients,
 * and a message is encoded once, as in the other transports. The `ws` library handles the handshake
 * and what a client sends.
 */
export const websocketTransport: Transport = {
  name: "ws",
  key: "ws",
  recycles: false,
  contentType: "",
  preamble: () => NOTHING,
  wrap: ({ json }) => ({ before: textFrameHead(json.length), after: NOTHING }),
  epilogue: NOTHING,
  heartbeat: Buffer.concat([textFrameHead(HEARTBEAT.length), HEARTBEAT]),
};

/** The head of a text frame of a server: https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
export function textFrameHead(length: number): Buffer {
  if (length < 126) return Buffer.from([TEXT, length]);
  if (length < 65_536) return Buffer.from([TEXT, 126, length >> 8, length & 0xff]);
  const head = Buffer.alloc(10);
  head.writeUInt16BE((TEXT << 8) | 127);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
