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

/** A mount, and what it takes. */
interface Attachment extends AttachOptions {
  readonly mount: Mount;
}

/** What is attached to a server, the newest first: that is asked first. */
const attachments = new WeakMap<Server, Attachment[]>();

/** Without a listener, Node ignores upgrades. */
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
export function attachTo(server: Server, mount: Mount, options: AttachOptions): () => void {
  const attachment = { ...options, mount, path: options.path.replace(/\/+$/, "") };
  const all = attachments.get(server) ?? intercept(server);
  if (all.length === 0) server.on("upgrade", ignoreUpgrade);
  all.unshift(attachment);
  return () => {
    const index = all.indexOf(attachment);
    if (index < 0) return;
    all.splice(index, 1);
    if (all.length === 0) server.off("upgrade", ignoreUpgrade);
  };
}

/** Look at what a server emits, from now on. */
function intercept(server: Server): Attachment[] {
  const all: Attachment[] = [];
  const { emit } = server;
  attachments.set(server, all);
  server.emit = (event: string, ...about: unknown[]): boolean =>
    takeEvent(server, emit, all, event, about) || emit.apply(server, [event, ...about] as never);
  return all;
}

/** @returns whether the event was ours; otherwise the application has to hear of it */
function takeEvent(
  server: Server,
  emit: Server["emit"],
  all: readonly Attachment[],
  event: string,
  about: readonly unknown[],
): boolean {
  if (all.length === 0) return false;
  switch (event) {
    case "request":
      return takeRequest(all, about[0] as IncomingMessage, about[1] as ServerResponse);
    case "checkContinue": {
      const [request, response] = about as [IncomingMessage, ServerResponse];
      if (!all.some((one) => !one.upgradesOnly && below(one, request) !== null)) return false;
      response.writeContinue();
      return takeRequest(all, request, response);
    }
    case "upgrade": {
      const [request, socket, head] = about as [IncomingMessage, Socket, Buffer];
      const owner = all.find((one) => takesUpgrade(one, request));
      if (owner !== undefined && isUpgrade(request)) {
        const originalUrl = moveBelow(owner, request);
        owner.mount.upgrade(request, socket, head, originalUrl);
        return true;
      }
      const isHeard = server.listeners("upgrade").some((listener) => listener !== ignoreUpgrade);
      if (owner === undefined && isHeard) return false;
      // Without our listener, Node would have taken this for a request without an offer to upgrade.
      socket.unshift(Buffer.concat([formatHeadWithoutUpgrade(request), head]));
      const connected = "encrypted" in socket ? "secureConnection" : "connection";
      emit.apply(server, [connected, socket] as never);
      return true;
    }
    default:
      return false;
  }
}

function takeRequest(
  all: readonly Attachment[],
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const owner = all.find((one) => !one.upgradesOnly && below(one, request) !== null);
  if (owner === undefined) return false;
  const originalUrl = moveBelow(owner, request);
  // Whoever has sent the head of the answer already has to end it, too.
  owner.mount.handle(request, response, originalUrl).catch(() => response.destroy());
  return true;
}

/**
 * Whether a request to upgrade is ours. At "/" only streams and publish connections are: all else
 * is the application's.
 */
function takesUpgrade(attachment: Attachment, request: IncomingMessage): boolean {
  const url = below(attachment, request);
  if (url === null) return false;
  return attachment.path !== "" || opensStream({ url }) || /^\/publish(?:$|\?)/.test(url);
}

/** The URL of a request below the path; null where it is the application's. */
function below({ path }: Attachment, { url = "" }: IncomingMessage): string | null {
  if (!url.startsWith(path)) return null;
  const rest = url.slice(path.length);
  return rest === "" || rest.startsWith("?") || rest.startsWith("/") ? rest : null;
}

/** Make the URL of a request relative to the path. @returns the URL as it came */
function moveBelow(attachment: Attachment, request: IncomingMessage): string {
  const originalUrl = request.url ?? "";
  const url = below(attachment, request) ?? "";
  Object.assign(request, { url: url.startsWith("/") ? url : `/${url}`, originalUrl });
  return originalUrl;
}
