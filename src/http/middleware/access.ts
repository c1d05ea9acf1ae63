import type { IncomingMessage } from "node:http";
import { isIP, isIPv6 } from "node:net";
import type { Context, Middleware } from "koa";
import { ForeverframeError, shorten } from "../../errors.ts";
import { parseUrl } from "../../parse-url.ts";
import { isLoopback } from "../../settings/config.ts";
import { addressOf, type Scheme, schemeOf } from "../forwarded.ts";
import { queryOf } from "../parameters.ts";

/** Names of this machine for itself. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** Headers of one request: browsers and proxies send some dozens. */
const MAX_HEADERS = 128;

/**
 * Headers of a request that a page of an allowed origin may set: those that libraries for
 * EventSource and XHR send.
 */
const ALLOWED_HEADERS = [
  "Authorization",
  "Cache-Control",
  "Content-Type",
  "Idempotency-Key",
  "Last-Event-ID",
  "X-Requested-With",
].join(", ");

/** Headers of an answer that such a page may read, besides those that every page may. */
const EXPOSED_HEADERS = "Retry-After, WWW-Authenticate, Allow";

/** Who may call. */
export interface AccessOptions {
  /** Names that a Host header may give, besides loopback's; null for any. */
  readonly hosts: readonly string[] | null;
  /** Origins of other sites whose pages may call. */
  readonly origins: readonly string[];
  /** Whether only this machine may call. */
  readonly isLocal: boolean;
}

/**
 * Keep out other sites' pages, which can reach a server on 127.0.0.1 through the browser of the
 * person who uses the machine.
 *
 * `Host` must be known, or a name of the attacker's that points here (DNS rebinding) would make the
 * page same-origin. Then a request that a browser says comes from another origin is refused.
 * Programs send none of these headers.
 *
 * @param isRoute whether something other than a page is at a path
 */
export function accessMiddleware(
  { hosts, origins, isLocal }: AccessOptions,
  isRoute: (path: string) => boolean,
): Middleware {
  const known = hosts === null ? null : new Set([...LOOPBACK_NAMES, ...hosts.map(hostName)]);
  const allowed = new Set(origins);
  return async (ctx, next) => {
    if (isLocal) checkAddress(ctx);
    checkHead(ctx, known);
    const source = foreignSource(ctx);
    if (source !== null && allowed.has(source)) {
      ctx.set({
        "Access-Control-Allow-Origin": source,
        "Access-Control-Expose-Headers": EXPOSED_HEADERS,
        "Cross-Origin-Resource-Policy": "cross-origin",
        Vary: "Origin",
      });
      if (isPreflight(ctx)) return answerPreflight(ctx);
    } else if (source !== null && !(isVisit(ctx) && !isRoute(ctx.path))) {
      throw refusal(ctx, source);
    }
    await next();
  };
}

/** Refuse callers on other machines until the application has said who may call. */
function checkAddress({ req }: Context): void {
  const address = addressOf(req);
  if (address === null || isLoopback(address)) return;
  throw new ForeverframeError(
    "FF_FORBIDDEN",
    "Only programs of the same machine may call: give createForeverframe() an authorize function, or open: true if everybody may",
  );
}

function checkHead(ctx: Context, known: ReadonlySet<string> | null): void {
  const { host } = ctx.req.headers;
  const count = ctx.req.rawHeaders.length / 2;
  // Once parsed, many short headers take ten times their bytes for as long as the request lasts.
  if (count > MAX_HEADERS) {
    throw new ForeverframeError(
      "FF_HEADERS_TOO_LARGE",
      `The request has ${count} headers, and ${MAX_HEADERS} are taken: send fewer`,
    );
  }
  // Node takes the first; a proxy before it may have taken the last.
  if (countOfHosts(ctx.req.rawHeaders) > 1) {
    throw new ForeverframeError(
      "FF_REQUEST_INVALID",
      "The request has several Host headers: send one",
    );
  }
  const { httpVersion } = ctx.req;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    throw new ForeverframeError(
      "FF_REQUEST_INVALID",
      `The request is HTTP/${httpVersion}: send HTTP/1.1 or HTTP/1.0`,
    );
  }
  if (host === undefined) {
    if (httpVersion === "1.0") return;
    throw new ForeverframeError("FF_REQUEST_INVALID", "The request has no Host header: send one");
  }
  const name = hostName(host);
  if (known === null || known.has(name) || isOwnAddress(ctx, name)) return;
  throw new ForeverframeError(
    "FF_HOST_REFUSED",
    `The Host "${shorten(host)}" is not one of this server's: use its address, or start it with --allowed-hosts ${shorten(name)} (allowedHosts, in an application)`,
  );
}

function countOfHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") count++;
  }
  return count;
}

/**
 * Whether a Host is the address that the connection has here, even if the machine got it after the
 * start.
 */
function isOwnAddress(ctx: Context, name: string): boolean {
  const address = name.replace(/^\[|\]$/g, "");
  if (isIP(address) === 0) return false;
  const local = ctx.req.socket.localAddress?.replace(/^::ffff:(?=\d+\.)/, "");
  return local === address;
}

/**
 * The host of a Host header in lower case, without its port and final dot; an IPv6 address in
 * brackets.
 */
function hostName(host: string): string {
  if (isIPv6(host)) return `[${host.toLowerCase()}]`;
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/**
 * The origin that a browser says the request comes from, where that is not this server; null
 * otherwise.
 */
function foreignSource(ctx: Context): string | null {
  const { method, headers } = ctx.req;
  const { host, origin, referer } = headers;
  switch (headers["sec-fetch-site"]) {
    case "cross-site":
    case "same-site":
      return origin ?? originOf(referer) ?? "another site";
    case "same-origin":
      // The browser's own word, which no page can set. It compares what the page sees with what it
      // calls, so it holds where a proxy has changed Host, and where a page hides its origin
      // ("null").
      return contradictsHost(ctx) ? (origin ?? "another site") : null;
  }
  // Browsers before 2020 send no Sec-Fetch-Site, and all others leave it out on plain http. The
  // oldest have no Origin with a form: there only Referer tells.
  const isCall = queryOf(ctx)["callback"] !== undefined;
  const matters = (method !== "GET" && method !== "HEAD") || isCall;
  const source = origin ?? (matters ? originOf(referer) : undefined);
  return source === undefined || isSameOrigin(source, host, schemeOf(ctx.req)) ? null : source;
}

/**
 * Whether Host names the same server on another port than the browser's page does, although no
 * proxy has changed it.
 */
function contradictsHost(ctx: Context): boolean {
  const { host, origin } = ctx.req.headers;
  const url = parseUrl(origin ?? "");
  if (host === undefined || origin === undefined || url === null) return false;
  if (isSameOrigin(origin, host, null) || url.hostname !== hostName(host)) return false;
  // By default, a proxy sends the address that it calls as Host.
  return portOf(host) !== String(ctx.req.socket.localPort);
}

function refusal(ctx: Context, source: string): ForeverframeError {
  const { host = "" } = ctx.req.headers;
  return new ForeverframeError(
    "FF_ORIGIN_REFUSED",
    `A page of "${shorten(source)}" may not call "${shorten(host)}": start the server with --allowed-origins if it should. If it is this server's own page, a proxy has changed Host: set "proxy_set_header Host $http_host" in nginx, or "ProxyPreserveHost On" in Apache; X-Forwarded-Proto, where a trusted proxy sets it, must be the scheme of the page`,
  );
}

/**
 * Whether a browser has said where a request comes from. It has not for a script element of a page
 * that hides its origin: then nobody knows who would read the answer.
 */
export function tellsItsSource({ headers }: IncomingMessage): boolean {
  const { origin, referer } = headers;
  // A Referer without an origin is one that something on the way has blanked.
  return [headers["sec-fetch-site"], origin, originOf(referer)].some((told) => told !== undefined);
}

/** Whether pages of an origin may be given what a request asks for. */
export function isAllowedOrigin(
  origin: string,
  request: IncomingMessage,
  { origins }: Pick<AccessOptions, "origins">,
): boolean {
  return origins.includes(origin) || isSameOrigin(origin, request.headers.host, schemeOf(request));
}

/** @param scheme that the server was called by; null if it isn't known, so that any will do */
function isSameOrigin(origin: string, host: string | undefined, scheme: Scheme | null): boolean {
  const page = parseUrl(origin);
  if (host === undefined || page === null) return false;
  const { protocol, host: own } = page;
  if (scheme !== null && protocol !== `${scheme}:`) return false;
  // As URL has it: lower case, and without the port that belongs to the page's scheme.
  const url = `${protocol === "https:" ? protocol : "http:"}//${host}`;
  return own === parseUrl(url)?.host;
}

function portOf(host: string): string {
  return /:(\d+)$/.exec(host)?.[1] ?? "";
}

function originOf(url: string | undefined): string | undefined {
  return parseUrl(url ?? "")?.origin;
}

/** https://fetch.spec.whatwg.org/#cors-preflight-request */
function isPreflight(ctx: Context): boolean {
  return ctx.method === "OPTIONS" && ctx.get("access-control-request-method") !== "";
}

function answerPreflight(ctx: Context): void {
  ctx.set({
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": ALLOWED_HEADERS,
    "Access-Control-Max-Age": "600",
  });
  // https://wicg.github.io/private-network-access/#cors-preflight
  if (ctx.get("access-control-request-private-network") === "true")
    ctx.set("Access-Control-Allow-Private-Network", "true");
  ctx.status = 204;
}

/**
 * Whether somebody followed a link: what it leads to is shown to them, and the other site sees
 * nothing of it.
 */
function isVisit(ctx: Context): boolean {
  const { headers } = ctx.req;
  return (
    ctx.method === "GET" &&
    headers["sec-fetch-mode"] === "navigate" &&
    headers["sec-fetch-dest"] === "document" &&
    headers.origin === undefined
  );
}
