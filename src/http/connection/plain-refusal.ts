import type { Socket } from "node:net";
import type { Logger } from "../../logger.ts";

/** Pause between two lines of the log about plain HTTP, in ms. */
const LOG_EVERY_MS = 60_000;

/** What OpenSSL says of plain HTTP where it expects TLS. */
const PLAIN_HTTP = "ERR_SSL_HTTP_REQUEST";

const BODY = "This port speaks HTTPS only: use an address that begins with https://\n";
const ANSWER = [
  "HTTP/1.1 400 Bad Request",
  "Content-Type: text/plain",
  `Content-Length: ${BODY.length}`,
  "Connection: close",
  "",
  BODY,
].join("\r\n");

/**
 * Answer those who speak plain HTTP on the port of a TLS server, whose connection Node would end
 * without a word.
 *
 * @param now monotonic ms
 * @returns called with the error of a handshake and the socket that it came by, before that is
 *   closed
 */
export function createPlainRefusal(
  logger: Logger,
  now: () => number,
): (error: Error, socket: Socket | null) => void {
  let notLogged = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (error, socket) => {
    if (!("code" in error) || error.code !== PLAIN_HTTP) return;
    const address = socket?.remoteAddress;
    socket?.end(ANSWER);
    if (now() - loggedAt < LOG_EVERY_MS) {
      notLogged++;
      return;
    }
    logger.warn(
      { address, ...(notLogged > 0 ? { notLogged } : {}) },
      "plain HTTP on the port of HTTPS: refused",
    );
    notLogged = 0;
    loggedAt = now();
  };
}
