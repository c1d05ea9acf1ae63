import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { App } from "./app.ts";
import { carrierOf, setCarrier } from "./connection/carriers.ts";
import { ResponseCarrier } from "./connection/response-carrier.ts";
import { untilTurn } from "./connection/response-turn.ts";
import { createUpgradeResponse } from "./connection/upgrades.ts";
import { folderUrl } from "./pages.ts";
import type { SharedBudgets } from "./shared-budgets.ts";

/** Tells our timeout of a connection from one that its server sets to the same time. */
const OWN_FRACTION_MS = 0.25;

/** What a mount works on. */
export interface MountOptions {
  readonly app: App;
  readonly budgets: SharedBudgets;
  /**
   * An answer is cut when nothing of it has moved for this long while its client has some to read,
   * in ms.
   */
  readonly stallMs: number;
}

/**
 * The HTTP application on servers that somebody else made.
 *
 * It takes over nothing but the requests that it is given: it leaves the server's listeners alone,
 * and changes a connection's timeout only while it answers. As on our own server, the requests of a
 * connection are answered one at a time, in their order.
 */
export class Mount {
  readonly #options: MountOptions;
  readonly #open = new Set<ServerResponse>();
  #whenIdle: (() => void)[] = [];

  constructor(options: MountOptions) {
    this.#options = options;
  }

  /** Whether a request is for a route or a page. Its `url` is relative to the mount. */
  has(request: IncomingMessage): Promise<boolean> {
    return this.#options.app.has(request);
  }

  /**
   * Answer a request.
   *
   * @param request with a `url` that is relative to the mount
   * @param originalUrl the URL as the server was given it
   * @returns resolves when it was answered, or a stream has its response
   * @throws Error the application has answered it, and has passed it on nevertheless
   */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    originalUrl: string,
  ): Promise<void> {
    const { app, budgets } = this.#options;
    if (!(await untilTurn(request, response)) || response.writableEnded) return;
    if (response.headersSent) {
      throw new Error(
        "Foreverframe can't answer, because the head of the answer was sent before: mount it before what sends it",
      );
    }
    const location = moveToFolder(request.url ?? "", originalUrl);
    if (location !== null) {
      response.writeHead(301, { Location: location }).end();
      return;
    }
    const carrier = new ResponseCarrier(request, response, budgets.pieces);
    setCarrier(request, carrier);
    this.#watch(request, response, carrier);
    await new Promise<void>((resolve) => {
      response.once("close", resolve);
      budgets.turns.run(request, () => {
        if (carrier.isGone) resolve();
        else void app.handle(request, response).then(resolve);
      });
    });
  }

  /**
   * Answer a request for a WebSocket.
   *
   * @param connection whose parser is gone
   * @param head what came behind the request
   */
  upgrade(request: IncomingMessage, connection: Socket, head: Buffer, originalUrl: string): void {
    connection.on("error", () => {}); // its `close` says it too
    let response: ServerResponse;
    try {
      response = createUpgradeResponse(request, connection, head);
    } catch {
      connection.destroy(); // no client sends this behind a request that is not answered yet
      return;
    }
    // Node has let go of the connection: nobody else would notice that its client has gone.
    connection.setTimeout(this.#options.stallMs, () => {
      const carrier = carrierOf({ req: request, res: response });
      if (!(carrier instanceof ResponseCarrier && carrier.isTaken)) connection.destroy();
    });
    void this.handle(request, response, originalUrl);
  }

  /**
   * Resolves when no request is being answered, or at `deadline`, which cuts those that are left.
   */
  async drain(deadline: Promise<void>): Promise<void> {
    if (this.#open.size === 0) return;
    const idle = new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    await Promise.race([idle, deadline]);
    for (const response of this.#open) response.destroy();
  }

  /** Cut the answer when its client reads nothing, and count what it has not read. */
  #watch({ socket }: IncomingMessage, response: ServerResponse, carrier: ResponseCarrier): void {
    const { budgets } = this.#options;
    const before = socket.timeout ?? 0;
    const stallMs = this.#options.stallMs + OWN_FRACTION_MS;
    this.#open.add(response);
    response.on("error", () => {}); // its `close` says it too
    response.setTimeout(stallMs, () => {
      // A stream ends by itself, and says why.
      if (!carrier.isTaken && response.writableLength > 0) response.destroy();
    });
    const holding = budgets.unread.hold(() => response.destroy());
    response.once("prefinish", () => holding.set(response.writableLength));
    response.once("close", () => {
      holding.end();
      this.#open.delete(response);
      // A server that keeps the connection for another request has set its own time by now.
      if (socket.timeout === stallMs && !socket.destroyed) socket.setTimeout(before);
      if (this.#open.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    });
  }
}

/**
 * The URL to go to for a request for the mount itself that lacks its last slash; null for any other
 * request.
 */
function moveToFolder(url: string, originalUrl: string): string | null {
  const [path = ""] = originalUrl.split("?", 1);
  if (!/^\/?(?:\?|$)/.test(url) || path.endsWith("/")) return null;
  return folderUrl(path, originalUrl.slice(path.length));
}
