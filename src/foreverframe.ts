import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import {
  type CloseTarget,
  checkAttached,
  checkCloseTarget,
  checkCloseText,
  checkFunctions,
  checkLimit,
  checkOptions,
  formatData,
  parseChannel,
  parseChannels,
  parseStart,
} from "./arguments.ts";
import { withIdempotencyKey } from "./core/publisher.ts";
import { listRequest } from "./core/stream-list.ts";
import type { ChannelSummary, Receipt, StreamSummary } from "./core/summaries.ts";
import { type Engine, startEngine } from "./engine.ts";
import { ForeverframeError } from "./errors.ts";
import { hasGone } from "./http/app.ts";
import { attachTo } from "./http/attach.ts";
import { Mount } from "./http/mount.ts";
import type { ForeverframeOptions } from "./options.ts";
import { createLogger } from "./process/create-logger.ts";
import { nodeScheduler } from "./process/node-scheduler.ts";
import { decidesWho, defaultConfig } from "./settings/config.ts";
import { type Config, SERVER_SETTINGS } from "./settings/settings.ts";
import { Subscription } from "./subscription.ts";
import type { JsonInput, JsonValue, SubscriptionEvent } from "./subscription-event.ts";

/** Options of a publish. */
export interface PublishOptions {
  /**
   * Makes it safe to try again, 1 to 255 bytes. A second publish with the same key within 10
   * minutes stores nothing, and returns the id of the first.
   */
  readonly idempotencyKey?: string | undefined;
}

/** Options of a close. */
export interface CloseOptions {
  /** What to say to the person at the client, at most 500 characters; nothing by default. */
  readonly text?: string | undefined;
}

/** Where a subscription starts, and what ends it. */
export interface SubscribeOptions {
  /**
   * The id of the last message that was handled, or `"earliest"` for every message that is kept. By
   * default, or if it is null, the subscription gets only messages that are published after this
   * call.
   */
  readonly after?: string | null | undefined;
  /**
   * Start with this many of the last messages of all channels together, 0 to 1,000. Of `after`,
   * `last`, `each` and `since` only one may be given.
   */
  readonly last?: number | undefined;
  /**
   * Start with this many of the last messages of each channel, 0 to 100, in the order of the log.
   */
  readonly each?: number | undefined;
  /**
   * Start with everything that is kept from this time on: Unix ms, a Date, or ISO 8601 with a zone.
   */
  readonly since?: number | string | Date | undefined;
  /**
   * Whenever the loop is behind, because it starts in the past or is slow, give it only the newest
   * message of each channel. False by default. Not with `each`.
   */
  readonly latest?: boolean | undefined;
  /**
   * Yield a `live` event when all that was asked for of what is kept has been given. By default,
   * only with `each` and `since`: programs of earlier versions do not know it.
   */
  readonly live?: boolean | undefined;
  /** Ends the subscription, and with it the loop that reads it. */
  readonly signal?: AbortSignal | undefined;
}

/** Which part of a list to return. */
export interface ListOptions<Key> {
  /**
   * The key of the last entry of the previous part. By default, the list starts at its first entry.
   */
  readonly after?: Key | undefined;
  /** 1 to 1,000; 100 by default. */
  readonly limit?: number | undefined;
}

/** Which requests of a server Foreverframe takes. */
export interface AttachOptions {
  /** Everything at and below this path, such as `/push`; `/` for everything. */
  readonly path: string;
  /**
   * Whether to take upgrades to WebSocket and no other requests, where a framework's router brings
   * those: false by default.
   */
  readonly upgradesOnly?: boolean | undefined;
}

/** Handles a request, as Express, Connect and plain `node:http` call it. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** The part of a Koa context that {@link Foreverframe.koa} uses. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly originalUrl: string;
  readonly request: { readonly body?: unknown; readonly rawBody?: unknown };
  respond?: boolean;
  /** Replaced for its request: Koa does not hear of connections that clients cut. */
  onerror(error: Error): void;
}

/** The part of a Fastify instance that {@link Foreverframe.fastify} uses. */
export interface FastifyInstance {
  readonly prefix: string;
  readonly server: unknown;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify's own types have a dozen parameters.
  route(options: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  addHook(name: any, hook: any): unknown;
}

/**
 * Foreverframe inside an application: a durable log, its streams, and the handlers that answer HTTP
 * requests for them.
 */
export interface Foreverframe extends AsyncDisposable {
  /**
   * Publish a value to a channel. Resolves once the log holds it durably.
   *
   * @param channel a name such as `doors.north`
   * @param data any value that `JSON.stringify` takes. Do not escape it: every transport does that
   *        itself
   * @throws ForeverframeError FF_CHANNEL_INVALID, FF_BODY_INVALID (no JSON), FF_MESSAGE_TOO_LARGE,
   *         FF_IDEMPOTENCY_KEY_INVALID, FF_IDEMPOTENCY_CONFLICT, FF_IDEMPOTENCY_FULL,
   *         FF_CHANNELS_TOO_MANY, FF_PUBLISHES_TOO_MANY, FF_LOG_FULL, FF_LOG_UNAVAILABLE
   */
  publish<T>(
    channel: string,
    data: T & JsonInput<T>,
    options?: PublishOptions,
  ): Promise<{ readonly id: string }>;

  /**
   * Read the messages of channels in this process, in the order of the log, as they are published.
   *
   * The subscription begins with this call, not with the first read. A slow reader costs about 64
   * KiB of memory; later messages wait in the log. The loop over it ends by `break`, by the signal,
   * by {@link Foreverframe.close} and by {@link Foreverframe.drain}.
   *
   * @param channels names, and patterns: `doors.*` (one segment) or `doors.**` (one or more)
   * @throws ForeverframeError from this call FF_SELECTOR_INVALID, FF_CURSOR_INVALID,
   *         FF_PARAMETER_INVALID; from the loop FF_STREAMS_TOO_MANY, FF_DRAINING,
   *         FF_LOG_UNAVAILABLE
   */
  subscribe<Data = JsonValue>(
    channels: string | readonly string[],
    options?: SubscribeOptions,
  ): AsyncIterableIterator<SubscriptionEvent<Data>, undefined>;

  /**
   * Close one stream. Its client does not come back.
   *
   * @returns its receipt, and the same receipt again for a minute; null for a stream that is not
   *          known
   * @throws ForeverframeError FF_PARAMETER_INVALID if there is not exactly one thing to close, or
   *         the text is too long
   */
  close(of: { readonly stream: string }, options?: CloseOptions): Promise<Receipt | null>;

  /**
   * Close every stream of a client, every stream whose selectors match a channel, or the one stream
   * with the handle that {@link Foreverframe.streams} lists. Their clients do not come back.
   *
   * @returns how many streams were closed
   */
  close(
    of: { readonly client: string } | { readonly channel: string } | { readonly handle: number },
    options?: CloseOptions,
  ): Promise<number>;

  /** List the open streams, in the order of their handles. */
  streams(options?: ListOptions<number>): Promise<readonly StreamSummary[]>;

  /** List the channels that keep messages, in the order of their names. */
  channels(options?: ListOptions<string>): Promise<readonly ChannelSummary[]>;

  /**
   * Stop. Tells every stream `shutdown`, so that its client comes back later, finishes the
   * publishes under way, and closes the log. Requests that arrive afterwards are answered 503
   * FF_DRAINING.
   *
   * Resolves within `drainMs`: responses that are still open by then are cut.
   */
  drain(): Promise<void>;

  /**
   * For Express (`app.use("/push", ff.node)`), Connect and plain `node:http`. Calls `next` for a
   * path that it does not know; without a `next` it answers 404.
   */
  readonly node: NodeHandler;

  /** For Koa: `app.use(mount("/push", ff.koa))`. Calls `next` for a path that it does not know. */
  readonly koa: (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>;

  /** For Fastify, WebSockets included: `fastify.register(ff.fastify, { prefix: "/push" })`. */
  readonly fastify: (instance: FastifyInstance) => Promise<void>;

  /**
   * Handle every request and every WebSocket at and below a path of a server, before the
   * application sees it: whatever a middleware would have checked is for `authorize` to check.
   * Everything else stays the application's.
   *
   * Where `ff.node` or `ff.koa` is at the same path, take the upgrades only: then WebSockets work,
   * and all other requests still go through the application's middleware.
   *
   * @returns a function that gives the path back to the application
   * @throws ForeverframeError FF_CONFIG_INVALID if the path does not begin with "/"
   */
  attach(server: HttpServer | HttpsServer, options: AttachOptions): () => void;
}

/**
 * Start Foreverframe in this process.
 *
 * It does not listen, does not handle signals, and never ends the process. Several can run side by
 * side, each with its own `data` directory.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID if an option is unknown, out of its range or in
 *         conflict with another; FF_LOG_UNAVAILABLE if the directory is in use or can't be written
 */
export async function createForeverframe(options: ForeverframeOptions = {}): Promise<Foreverframe> {
  const { authorize, logger, ...settings } = options;
  for (const name of SERVER_SETTINGS) {
    if (name in settings) {
      throw new ForeverframeError(
        "FF_CONFIG_INVALID",
        `"${name}" is for "foreverframe serve": here the application listens, with a server of its own`,
      );
    }
  }
  checkFunctions(authorize, logger);
  const config = defaultConfig(settings);
  if (authorize !== undefined && decidesWho(config)) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      '"authorize" decides alone: leave it out, or leave "secretFile", "jwks", "authorizeUrl" and "userHeader" out',
    );
  }
  const engine = await startEngine({
    config,
    logger: logger ?? createLogger("warn"),
    membership: null,
    authorize: authorize ?? null,
    isLocal: authorize === undefined && !config.open && !decidesWho(config),
    hosts: authorize === undefined || config.allowedHosts.length > 0 ? config.allowedHosts : null,
  });
  engine.startSources();
  return new EmbeddedForeverframe(config, engine);
}

class EmbeddedForeverframe implements Foreverframe {
  readonly #config: Config;
  readonly #engine: Engine;
  readonly #mount: Mount;
  #drained: Promise<void> | null = null;

  constructor(config: Config, engine: Engine) {
    const { app, budgets } = engine;
    this.#config = config;
    this.#engine = engine;
    this.#mount = new Mount({ app, budgets, stallMs: config.stallMs });
  }

  async publish<T>(
    channel: string,
    data: T & JsonInput<T>,
    options: PublishOptions = {},
  ): Promise<{ readonly id: string }> {
    checkOptions(options);
    const { idempotencyKey } = options;
    const { maxMessageBytes } = this.#config;
    const messages = [{ channel: parseChannel(channel), data: formatData(data, maxMessageBytes) }];
    const [id = ""] = await this.#engine.hub.publish(
      withIdempotencyKey(messages, idempotencyKey ?? null),
    );
    return { id };
  }

  subscribe<Data = JsonValue>(
    channels: string | readonly string[],
    options: SubscribeOptions = {},
  ): AsyncIterableIterator<SubscriptionEvent<Data>, undefined> {
    checkOptions(options);
    const { signal } = options;
    const selectors = parseChannels(channels, this.#config.maxSelectors);
    const { live, ...start } = parseStart(options);
    const wanted = { selectors, ...start };
    // What the data are is the caller's word.
    const events: unknown = new Subscription(this.#engine.hub, wanted, { live, signal });
    return events as AsyncIterableIterator<SubscriptionEvent<Data>, undefined>;
  }

  close(of: { readonly stream: string }, options?: CloseOptions): Promise<Receipt | null>;
  close(
    of: { readonly client: string } | { readonly channel: string } | { readonly handle: number },
    options?: CloseOptions,
  ): Promise<number>;
  async close(of: CloseTarget, options: CloseOptions = {}): Promise<Receipt | null | number> {
    checkCloseTarget(of);
    checkOptions(options);
    const text = checkCloseText(options.text);
    const { control, admin } = this.#engine.hub;
    if ("stream" in of) return control.close(of.stream, "admin", text);
    return admin.closeAll("channel" in of ? { channel: parseChannel(of.channel) } : of, text);
  }

  async streams({ after = 0, limit }: ListOptions<number> = {}): Promise<readonly StreamSummary[]> {
    const request = listRequest(after, checkLimit(limit));
    return (await this.#engine.hub.admin.list(request)).streams;
  }

  async channels({
    after = "",
    limit,
  }: ListOptions<string> = {}): Promise<readonly ChannelSummary[]> {
    return this.#engine.hub.admin.channels(after, checkLimit(limit));
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  readonly node: NodeHandler = (request, response, next) => {
    // What `next` throws is the application's: out of our promise, nobody would catch it.
    const goOn = (error?: unknown) =>
      next === undefined ? response.destroy() : process.nextTick(next, error);
    const handle = () => this.#mount.handle(request, response, originalUrlOf(request)).catch(goOn);
    if (next === undefined) return void handle();
    void this.#mount.has(request).then((isOurs) => (isOurs ? handle() : goOn()));
  };

  readonly koa = async (ctx: KoaContext, next: () => Promise<unknown>): Promise<void> => {
    if (!(await this.#mount.has(ctx.req))) {
      await next();
      return;
    }
    ctx.respond = false;
    // Koa prints the error of every connection that a client cuts, which is how most streams end.
    const report = ctx.onerror;
    ctx.onerror = (error) => {
      if (!hasGone(error)) report.call(ctx, error);
    };
    const { body, rawBody } = ctx.request;
    Object.assign(ctx.req, { body, rawBody }); // of a body parser that came first
    await this.#mount.handle(ctx.req, ctx.res, ctx.originalUrl);
  };

  readonly fastify = async (instance: FastifyInstance): Promise<void> => {
    const { prefix } = instance;
    const handle = (
      { raw }: { raw: IncomingMessage },
      reply: { hijack(): void; raw: ServerResponse },
    ) => {
      reply.hijack();
      const originalUrl = raw.url ?? "";
      raw.url = originalUrl.slice(prefix.length).replace(/^(?!\/)/, "/");
      // Whoever has sent the head of the answer already has to end it, too.
      this.#mount.handle(raw, reply.raw, originalUrl).catch(() => reply.raw.destroy());
    };
    // Bodies are read here, with limits of our own.
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser("*", (_request, _payload, done) => done(null));
    const method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    for (const url of ["/", "/*"])
      instance.route({ method, url, handler: handle, exposeHeadRoute: false });
    const detach = attachTo(instance.server as HttpServer, this.#mount, {
      path: prefix,
      upgradesOnly: true,
    });
    instance.addHook("onClose", async () => detach());
  };

  attach(
    server: HttpServer | HttpsServer,
    { path, upgradesOnly = false }: AttachOptions,
  ): () => void {
    checkAttached(server, path);
    return attachTo(server as HttpServer, this.#mount, { path, upgradesOnly });
  }

  async #drain(): Promise<void> {
    const { drainMs } = this.#config;
    const deadline = new Promise<void>((resolve) => nodeScheduler.after(drainMs, resolve));
    await this.#engine.drain(deadline);
    await this.#mount.drain(deadline);
    await this.#engine.close();
  }
}

/** The URL as the server was given it: Express and Connect take the mount's path off `url`. */
function originalUrlOf(request: IncomingMessage & { originalUrl?: string }): string {
  return request.originalUrl ?? request.url ?? "";
}
