import { isIPv6 } from "node:net";
import type { Context, Middleware } from "koa";
import { ForeverframeError, shorten } from "../../errors.ts";

/** Names of this machine for itself. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** Who may call. */
export interface AccessOptions {
  /** Names that a Host header may give, beside loopback's. */
  readonly hosts: readonly string[];
  /** Origins of other sites whose pages may call. */
  readonly origins: readonly string[];
}

/**
 * Keep out other sites' pages, which can reach a server on 127.0.0.1 through the browser of whoever sits before it.
 *
 * `Host` must be known, or a name of the attacker's that points here (DNS rebinding) would make the page same-origin.
 * Then a request that a browser says comes from another origin is refused. Programs send none of these headers.
 */
export function accessMiddleware({ hosts, origins }: AccessOptions): Middleware {
  const known = new Set([...LOOPBACK_NAMES, ...hosts.map(hostName)]);
  const allowed = new Set(origins);
  return async (ctx, next) => {
    const { host } = ctx.req.headers;
    if (host !== undefined && !known.has(hostName(host))) {
      throw new ForeverframeError(
        "FF_HOST_REFUSED",
        `The Host "${shorten(host)}" is not one of this server's: use its address, or start it with --allowed-hosts`,
      );
    }
    const source = foreignSource(ctx);
    if (source !== null && allowed.has(source)) {
      ctx.set({ "Access-Control-Allow-Origin": source, Vary: "Origin" });
      if (isPreflight(ctx)) return answerPreflight(ctx);
    } else if (source !== null && !isVisit(ctx)) {
      throw new ForeverframeError(
        "FF_ORIGIN_REFUSED",
        `A page of "${shorten(source)}" may not call this server: start it with --allowed-origins if it should`,
      );
    }
    await next();
  };
}

/** The host of a Host header in lower case, without its port and final dot; an IPv6 address in brackets. */
function hostName(host: string): string {
  if (isIPv6(host)) return `[${host.toLowerCase()}]`;
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/** The origin that a browser says the request comes from, where that is not this server; null otherwise. */
function foreignSource(ctx: Context): string | null {
  const { method, headers } = ctx.req;
  const { host, origin, referer } = headers;
  const site = headers["sec-fetch-site"];
  if (site === "cross-site" || site === "same-site") {
    return origin ?? originOf(referer) ?? "another site";
  }
  // Browsers before 2020 send no Sec-Fetch-Site, and the oldest no Origin with a form: there only Referer tells.
  // What a script element asks for (JSONP) would be the other page's to read, so it is held to the same.
  const matters = (method !== "GET" && method !== "HEAD") || ctx.query["callback"] !== undefined;
  const source = origin ?? (matters ? originOf(referer) : undefined);
  return source === undefined || isSameOrigin(source, host) ? null : source;
}

/** Whether pages of an origin may be given what is called for under `host`. */
export function isAllowedOrigin(
  origin: string,
  host: string | undefined,
  { origins }: Pick<AccessOptions, "origins">,
): boolean {
  return origins.includes(origin) || isSameOrigin(origin, host);
}

/** Scheme aside, which a proxy before this server may have changed. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === canonicalHost(host);
}

/** As URL has it: lower case, and without the port that belongs to the scheme. */
function canonicalHost(host: string): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).host : host;
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}

/** https://fetch.spec.whatwg.org/#cors-preflight-request */
function isPreflight(ctx: Context): boolean {
  return ctx.method === "OPTIONS" && ctx.get("access-control-request-method") !== "";
}

function answerPreflight(ctx: Context): void {
  ctx.set({
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
    "Access-Control-Max-Age": "600",
  });
  ctx.status = 204;
}

/** Whether somebody followed a link to one of the pages: it is shown to them, and the other site sees nothing of it. */
function isVisit(ctx: Context): boolean {
  const { headers } = ctx.req;
  return (
    ctx.method === "GET" &&
    headers["sec-fetch-mode"] === "navigate" &&
    headers["sec-fetch-dest"] === "document" &&
    headers.origin === undefined &&
    /^\/(?:[\w./-]*\/)?(?:[\w-]+\.html)?$/.test(ctx.path)
  );
}
