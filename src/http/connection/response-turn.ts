import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Requests of one connection that may wait for their turn. A client that sends more is cut off. */
const MAX_WAITING_REQUESTS = 16;

/** By connection, those that wait. */
const waiting = new WeakMap<Duplex, Set<() => void>>();

/**
 * Wait until a response has its connection. Of requests that a client has sent without waiting for
 * the answers, a server hands all over at once, but only the first response has the connection:
 * the others would not hear that it is closed.
 *
 * @returns whether the response can be written: false if the connection has gone
 */
export async function untilTurn(
  { socket }: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const isQueued = response.socket === null && !response.writableEnded;
  if (isQueued && !socket.destroyed) {
    const others = waitersOf(socket);
    if (others.size >= MAX_WAITING_REQUESTS) socket.destroy();
    else {
      await new Promise<void>((resolve) => {
        const go = () => {
          others.delete(go);
          setImmediate(resolve); // the response before it is over only then
        };
        others.add(go);
        response.once("socket", go);
      });
    }
  }
  return !(response.destroyed || socket.destroyed);
}

function waitersOf(socket: Duplex): Set<() => void> {
  const known = waiting.get(socket);
  if (known !== undefined) return known;
  const own = new Set<() => void>();
  waiting.set(socket, own);
  socket.once("close", () => {
    for (const go of own) go();
  });
  return own;
}
