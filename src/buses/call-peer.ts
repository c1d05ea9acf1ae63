import type { Peer } from "../core/bus.ts";

/**
 * Do what another process asks of this one. Unchecked, since the sender's types have held `about`
 * to the method's parameters.
 */
export function callPeer(peer: Peer, method: keyof Peer, about: readonly unknown[]): unknown {
  return (peer[method] as (...about: unknown[]) => unknown).apply(peer, [...about]);
}
