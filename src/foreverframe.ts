import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { pino } from "pino";
import { parseChannelName, parseSelectors } from "./core/channel-name.ts";
import { parseCursor } from "./core/cursor.ts";
import { parseJsonText } from "./core/json.ts";
import type { ChannelSummary } from "./core/log.ts";
import { withIdempotencyKey } from "./core/publisher.ts";
import type { Receipt } from "./core/receipts.ts";
import type { StreamSummary } from "./core/stream-figures.ts";
import type { StartRequest } from "./core/stream-start.ts";
import { type Engine, startEngine } from "./engine.ts";
import { ForeverframeError } from "./errors.ts";
import { attachTo } from "./http/attach.ts";
import type { Authorize } from "./http/authorization.ts";
import { Mount } from "./http/mount.ts";
import type { Logger } from "./logger.ts";
import { LogOutput } from "./process/log-output.ts";
import { nodeScheduler } from "./process/node-scheduler.ts";
import { type Config, defaultConfig } from "./settings/config.ts";
import { type JsonValue, Subscription, type SubscriptionEvent } from "./subscription.ts";

/** Settings of a server that listens: an application listens itself. */
const OF_SERVERS = [
  "host",
  "port",
  "workers",
  "workerHangMs",
  "keepAliveMs",
  "requestHeadMs",
  "requestBodyMs",
] as const satisfies readonly (keyof Config)[];

/** Entries of a list, by default and at most. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** The settings of docs/configuration.md that are not about listening, and what only a program can give. */
export interface ForeverframeOptions extends Partial<Omit<Config, (typeof OF_SERVERS)[number]>> {
  /** Decides who may do what over HTTP. Without it, only this machine may call, unless `open` is true. */
  readonly authorize?: Authorize | undefined;
  /** Takes the lines of the log. By default, warnings and errors go to standard error as lines of JSON. */
  readonly logger?: Logger | undefined;
}

/** Options of a publish. */
export interface PublishOptions {
  /** 1 to 255 bytes: a repeat with the same key within 10 minutes is not stored again, and gets the first one's id. */
  readonly idempotencyKey?: string | undefined;
}

/** Where a subscription starts, and what ends it. */
export interface SubscribeOptions {
  /** The id of the last message that was handled, or `"earliest"` for all that is kept. By default it starts now. */
  readonly after?: string | undefined;
  /** Start with this many of the last messages, 0 to 1,000. Not together with `after`. */
  readonly last?: number | undefined;
  /** Ends the subscription: the loop over it ends. */
  readonly signal?: AbortSignal | undefined;
}

/** A part of a list. */
export interface ListOptions<Key> {
  /** The key of the last entry of the part before. */
  readonly after?: Key | undefined;
  /** 1 to 1,000; 100 by default. */
  readonly limit?: number | undefined;
}

/** What a server gives to Foreverframe. */
export interface AttachOptions {
  /** Everything at and below this path, such as `/push`; `/` for everything. */
  readonly path: string;
  /**
   * Whether to take upgrades to WebSocket and no other requests, where a framework's router brings
   * those: false by default.
   */
  readonly upgradesOnly?: boolean | undefined;
}

/** Answers a request: what Express, Connect and plain `node:http` call. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** What `ff.koa` uses of a Koa context. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly originalUrl: string;
  readonly request: { readonly body?: unknown; readonly rawBody?: unknown };
  respond?: boolean;
  onerror(error: Error): void;
}

/** What `ff.fastify` uses of a Fastify instance. */
export interface FastifyInstance {
  readonly prefix: string;
  readonly server: unknown;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify's own types are generic in a dozen parameters.
  route(options: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  addHook(name: any, hook: any): unknown;
}

/** Foreverframe in an application's process: a durable log, its streams, and what answers HTTP requests for them. */
export interface Foreverframe extends AsyncDisposable {
  /**
   * Publish a value to a channel. Resolves once the log has it.
   *
   * @param channel such as `doors.north`
   * @param data any value that JSON can carry, as it is: it is escaped here
   * @throws ForeverframeError FF_CHANNEL_INVALID, FF_BODY_INVALID (no JSON), FF_MESSAGE_TOO_LARGE,
   *         FF_IDEMPOTENCY_KEY_INVALID, FF_IDEMPOTENCY_CONFLICT, FF_IDEMPOTENCY_FULL, FF_CHANNELS_TOO_MANY,
   *         FF_PUBLISHES_TOO_MANY, FF_LOG_FULL, FF_LOG_UNAVAILABLE
   */
  publish(
    channel: string,
    data: JsonValue,
    options?: PublishOptions,
  ): Promise<{ readonly id: string }>;

  /**
   * Read messages of channels as they are published, in the order of the log. The loop ends when the subscription is
   * ended: by its signal, by `break`, or by {@link close} or {@link drain}.
   *
   * Reading begins with this call. A reader that is slow holds some 64 KiB; what follows waits in the log.
   *
   * @param channels names and patterns such as `doors.*` (one segment) and `doors.**` (one or more)
   * @throws ForeverframeError at once FF_SELECTOR_INVALID, FF_CURSOR_INVALID, FF_PARAMETER_INVALID; by the loop
   *         FF_STREAMS_TOO_MANY, FF_DRAINING, FF_LOG_UNAVAILABLE
   */
  subscribe(
    channels: string | readonly string[],
    options?: SubscribeOptions,
  ): AsyncIterableIterator<SubscriptionEvent, undefined>;

  /**
   * Close one stream: its client does not come back.
   *
   * @returns its receipt, the same again for a minute; null if it is unknown
   */
  close(of: { readonly stream: string }): Promise<Receipt | null>;

  /**
   * Close all streams of a client, or all that want a channel.
   *
   * @returns how many there were
   */
  close(of: { readonly client: string } | { readonly channel: string }): Promise<number>;

  /** The open streams, by handle. */
  streams(options?: ListOptions<number>): Promise<readonly StreamSummary[]>;

  /** The channels that keep messages, by name. */
  channels(options?: ListOptions<string>): Promise<readonly ChannelSummary[]>;

  /**
   * Stop: every stream is told `shutdown`, publishes under way are finished, the log is closed. Resolves within
   * `drainMs`; answers that are left then are cut. Requests that come later are answered 503 FF_DRAINING.
   */
  drain(): Promise<void>;

  /** For Express (`app.use("/push", ff.node)`), Connect and plain `node:http`. Passes on what is not its own. */
  readonly node: NodeHandler;

  /** For Koa, at any prefix: `app.use(mount("/push", ff.koa))`. Passes on what is not its own. */
  readonly koa: (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>;

  /** For Fastify, WebSockets included: `fastify.register(ff.fastify, { prefix: "/push" })`. */
  readonly fastify: (instance: FastifyInstance) => Promise<void>;

  /**
   * Take requests and upgrades to WebSocket at and below a path of a server; everything else stays
   * the application's. No framework sees what it takes: whatever a middleware would have checked is
   * for `authorize` to check. Beside `ff.node` or `ff.koa`, take the upgrades only.
   *
   * @returns takes it back
   */
  attach(server: HttpServer | HttpsServer, options: AttachOptions): () => void;
}

/**
 * Start Foreverframe in this process. It does not listen, handle signals or end the process, and several may run side by
 * side, each with a `data` directory of its own.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID: an option is unknown, out of its range, or does not go with another;
 *         FF_LOG_UNAVAILABLE: another server has the directory, or it can't be written
 */
export async function createForeverframe(options: ForeverframeOptions = {}): Promise<Foreverframe> {
  const { authorize, logger, ...settings } = options;
  for (const name of OF_SERVERS) {
    if (name in settings) {
      throw new ForeverframeError(
        "FF_CONFIG_INVALID",
        `"${name}" is for "foreverframe serve": here the application listens, with a server of its own`,
      );
    }
  }
  checkFunctions(authorize, logger);
  const config = defaultConfig(settings);
  const engine = await startEngine({
    config,
    logger: logger ?? pino({ name: "foreverframe", level: "warn" }, new LogOutput()),
    membership: null,
    authorize: authorize ?? null,
    isLocal: authorize === undefined && !config.open,
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

  async publish(
    channel: string,
    data: JsonValue,
    { idempotencyKey }: PublishOptions = {},
  ): Promise<{ readonly id: string }> {
    const messages = [{ channel: parseChannelName(channel), data: this.#format(data) }];
    const [id = ""] = await this.#engine.hub.publish(
      withIdempotencyKey(messages, idempotencyKey ?? null),
    );
    return { id };
  }

  subscribe(
    channels: string | readonly string[],
    { after, last, signal }: SubscribeOptions = {},
  ): AsyncIterableIterator<SubscriptionEvent, undefined> {
    const text = typeof channels === "string" ? channels : channels.join(",");
    const selectors = parseSelectors(text, this.#config.maxSelectors);
    return new Subscription(
      this.#engine.hub,
      { selectors, start: parseStart(after, last) },
      signal,
    );
  }

  close(of: { readonly stream: string }): Promise<Receipt | null>;
  close(of: { readonly client: string } | { readonly channel: string }): Promise<number>;
  close(
    of: { readonly stream: string } | { readonly client: string } | { readonly channel: string },
  ): Promise<Receipt | null | number> {
    const { control, admin } = this.#engine.hub;
    if ("stream" in of) return control.close(of.stream, "admin");
    return admin.closeAll("client" in of ? of : { channel: parseChannelName(of.channel) });
  }

  async streams({ after = 0, limit }: ListOptions<number> = {}): Promise<readonly StreamSummary[]> {
    return (await this.#engine.hub.admin.list(after, checkLimit(limit))).streams;
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
    const handle = () => void this.#mount.handle(request, response, originalUrlOf(request));
    if (next === undefined) return handle();
    this.#mount.has(request).then((isOurs) => (isOurs ? handle() : next()), next);
  };

  readonly koa = async (ctx: KoaContext, next: () => Promise<unknown>): Promise<void> => {
    if (!(await this.#mount.has(ctx.req))) {
      await next();
      return;
    }
    ctx.respond = false;
    ctx.onerror = () => {}; // that a client has gone is no fault of the application's
    const { body, rawBody } = ctx.request;
    Object.assign(ctx.req, { body, rawBody }); // of a body parser that came first
    await this.#mount.handle(ctx.req, ctx.res, ctx.originalUrl);
  };

  // Not arrow functions with an `async`: Fastify counts their parameters.
  readonly fastify = async (instance: FastifyInstance): Promise<void> => {
    const { prefix } = instance;
    const handle = (
      { raw }: { raw: IncomingMessage },
      reply: { hijack(): void; raw: ServerResponse },
    ) => {
      reply.hijack();
      const originalUrl = raw.url ?? "";
      raw.url = originalUrl.slice(prefix.length).replace(/^(?!\/)/, "/");
      void this.#mount.handle(raw, reply.raw, originalUrl);
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
    if (!path.startsWith("/")) {
      throw new ForeverframeError(
        "FF_CONFIG_INVALID",
        `The path to attach at is "${path}": begin it with "/", such as "/push"`,
      );
    }
    return attachTo(server as HttpServer, this.#mount, { path, upgradesOnly });
  }

  async #drain(): Promise<void> {
    const { drainMs } = this.#config;
    const deadline = new Promise<void>((resolve) => nodeScheduler.after(drainMs, resolve));
    await this.#engine.drain(deadline);
    await this.#mount.drain(deadline);
    await this.#engine.close();
  }

  #format(data: JsonValue): ReturnType<typeof parseJsonText> {
    const { maxMessageBytes } = this.#config;
    const json = stringify(data);
    if (Buffer.byteLength(json) > maxMessageBytes) {
      throw new ForeverframeError(
        "FF_MESSAGE_TOO_LARGE",
        `The data is larger than ${maxMessageBytes} bytes: publish where it can be fetched, or raise maxMessageBytes`,
      );
    }
    return parseJsonText(json, "The data");
  }
}

function stringify(data: JsonValue): string {
  let json: string | undefined;
  let fault = "undefined, a function or a symbol";
  try {
    json = JSON.stringify(data);
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error); // a BigInt, or a circle
  }
  if (json !== undefined) return json;
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    `The data can't be JSON (${fault}): publish strings, numbers, booleans, null, arrays and plain objects`,
  );
}

function parseStart(after: string | undefined, last: number | undefined): StartRequest {
  if (last !== undefined && (!Number.isInteger(last) || last < 0 || last > MAX_LIMIT)) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      `"last" is ${last}: give a whole number from 0 to ${MAX_LIMIT}`,
    );
  }
  if (after === undefined)
    return last === undefined || last === 0 ? { from: "now" } : { from: "last", count: last };
  if (last !== undefined) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      '"last" and "after" are both given: use "last" for a first page, and "after" to resume from a cursor',
    );
  }
  return after === "earliest"
    ? { from: "earliest" }
    : { from: "cursor", after: parseCursor(after) };
}

function checkLimit(limit = DEFAULT_LIMIT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"limit" is ${limit}: give a whole number from 1 to ${MAX_LIMIT}`,
  );
}

function checkFunctions(authorize: unknown, logger: unknown): void {
  if (authorize !== undefined && typeof authorize !== "function") {
    throw new ForeverframeError("FF_CONFIG_INVALID", '"authorize" is not a function: give one');
  }
  const levels = ["debug", "info", "warn", "error"];
  const isLogger = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (logger === undefined) return;
  if (isLogger(logger) && levels.every((level) => typeof logger[level] === "function")) return;
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    '"logger" has not the methods debug, info, warn and error: give one such as pino\'s',
  );
}

/** The URL as the server was given it: Express and Connect take the mount's path off `url`. */
function originalUrlOf(request: IncomingMessage & { originalUrl?: string }): string {
  return request.originalUrl ?? request.url ?? "";
}
