import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Carrier } from "./carrier.ts";
import { HttpConnection } from "./http-connection.ts";
import { SocketCarrier } from "./socket-carrier.ts";

const carriers = new WeakMap<IncomingMessage, Carrier>();

/** A request, and its answer: a Koa context, too. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Set the carrier of a request that came on a server that somebody else made. */
export function setCarrier(request: IncomingMessage, carrier: Carrier): void {
  carriers.set(request, carrier);
}

/**
 * The carrier of a request: a connection of our own server, unless {@link setCarrier} said
 * otherwise.
 */
export function carrierOf({ req, res }: Exchange): Carrier {
  return carriers.get(req) ?? new SocketCarrier(req, res);
}

/** Whether nobody waits for the answer to a request any more, as far as its connection tells. */
export function hasLeft(request: IncomingMessage): boolean {
  const socket: Duplex = request.socket;
  return socket instanceof HttpConnection ? socket.isGone : socket.destroyed;
}
