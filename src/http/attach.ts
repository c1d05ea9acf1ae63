import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { formatHeadWithoutUpgrade, isUpgrade } from "./connection/upgrades.ts";
import type { Mount } from "./mount.ts";
import { opensStream } from "./routes/stream.ts";

/** Which requests of a server a mount takes. */
export interface AttachOptions {
  /** Everything at and below this path, such as `/push`; `/` for everything. */
  readonly path: string;
  /**
   * Whether only requests for a WebSocket are taken, because a framework's router brings the
   * others.
   */
  readonly upgradesOnly: boolean;
}

/**
 * Without a listener, Node ignores upgrades. One function for all servers, so that it is
 * recognized.
 */
const ignoreUpgrade = () => {};

/**
 * Give requests and upgrades below a path to a mount. Everything else stays the application's.
 *
 * Not by listeners of our own: the application's, whether they were added before or after, must not
 * hear of our requests. The `ws` package, for one, refuses each upgrade whose path it does not
 * know.
 *
 * @returns a function that detaches the mount
 */
export function attachTo(
  server: Server,
  mount: Mount,
  { path, upgradesOnly }: AttachOptions,
): () => void {
  const { emit } = server;
  const prefix = path.replace(/\/+$/, "");

  /** The URL below the path; null where it is the application's. */
  const below = ({ url = "" }: IncomingMessage): string | null => {
    if (!url.startsWith(prefix)) return null;
    const rest = url.slice(prefix.length);
    return rest === "" || rest.startsWith("?") || rest.startsWith("/") ? rest : null;
  };
  const take = (request: IncomingMessage, url: string): string => {
    const originalUrl = request.url ?? "";
    Object.assign(request, { url: url.startsWith("/") ? url : `/${url}`, originalUrl });
    return originalUrl;
  };
  const takeRequest = (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = upgradesOnly ? null : below(request);
    if (url === null) return false;
    void mount.handle(request, response, take(request, url));
    return true;
  };
  const takeUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): boolean => {
    const url = below(request);
    // Attached at "/", only upgrades of streams are ours: all others are the application's.
    const isOurs = url !== null && (prefix !== "" || opensStream({ url }));
    if (isOurs && isUpgrade(request)) {
      mount.upgrade(request, socket, head, take(request, url));
      return true;
    }
    const isHeard = server.listeners("upgrade").some((listener) => listener !== ignoreUpgrade);
    if (!isOurs && isHeard) return false;
    // Without our listener, Node would have taken this for a request without an offer to upgrade.
    socket.unshift(Buffer.concat([formatHeadWithoutUpgrade(request), head]));
    const event = "encrypted" in socket ? "secureConnection" : "connection";
    emit.apply(server, [event, socket] as never);
    return true;
  };

  let isAttached = true;
  const emitUnlessOurs = (event: string, ...about: unknown[]): boolean => {
    if (!isAttached) return emit.apply(server, [event, ...about] as never);
    const [request, second, head] = about as [IncomingMessage, ServerResponse & Socket, Buffer];
    if (event === "request" && takeRequest(request, second)) return true;
    if (event === "upgrade" && takeUpgrade(request, second, head)) return true;
    if (event === "checkContinue" && !upgradesOnly && below(request) !== null) {
      second.writeContinue();
      return takeRequest(request, second);
    }
    return emit.apply(server, [event, ...about] as never);
  };
  server.on("upgrade", ignoreUpgrade);
  server.emit = emitUnlessOurs;
  return () => {
    isAttached = false;
    server.off("upgrade", ignoreUpgrade);
    // If somebody else has replaced `emit` since, theirs still calls this one.
    if (server.emit === emitUnlessOurs) server.emit = emit;
  };
}
