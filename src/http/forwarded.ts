import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";
import type { Middleware } from "koa";
import { copyText } from "../core/copy-text.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import { isEncrypted } from "./connection/encrypted.ts";

/** Most proxies that a request may have come through; what more of them say is not looked at. */
const MAX_PROXIES = 32;

/** Addresses of requests that came through a trusted proxy. */
const addresses = new WeakMap<IncomingMessage, string | null>();

/** Schemes of requests that came through a trusted proxy which says them. */
const schemes = new WeakMap<IncomingMessage, Scheme>();

/** How a client speaks to what it has called. */
export type Scheme = "http" | "https";

/** The address that a request comes from; null for a local socket. */
export function addressOf(request: IncomingMessage): string | null {
  const known = addresses.get(request);
  return known === undefined ? socketAddress(request) : known;
}

/** Whether a request has come from a trusted proxy. */
export function cameByProxy(request: IncomingMessage): boolean {
  return addresses.has(request);
}

/**
 * The scheme that a client has called by; null if it isn't known: a proxy that is not trusted may
 * have spoken TLS with it.
 */
export function schemeOf(request: IncomingMessage): Scheme | null {
  return schemes.get(request) ?? (isEncrypted(request.socket) ? "https" : null);
}

/**
 * Believe what trusted proxies say: the address that a request comes from, the `Host` that it was
 * sent to and the scheme, by `Forwarded` (RFC 7239), else by `X-Forwarded-For`, `X-Forwarded-Host`
 * and `X-Forwarded-Proto`.
 *
 * Each proxy adds to the end of these headers what it has seen itself. So they are read from their
 * end, for as long as who has added is trusted: what a client has put there before is not.
 *
 * Most proxies add to one kind of header and pass on the other as the client has sent it. Nothing
 * tells which, so a request is refused where the two name different callers.
 *
 * The middleware throws ForeverframeError FF_REQUEST_INVALID.
 *
 * @param proxies as {@link parseProxies} gives them; null for none
 */
export function forwardedMiddleware(proxies: BlockList | null): Middleware {
  return ({ req }, next) => {
    const sender = socketAddress(req);
    if (proxies !== null && isTrusted(proxies, sender)) {
      const { address, host, scheme } = findCaller(proxies, sender, req);
      addresses.set(req, address);
      if (host !== null) replaceHost(req, host);
      if (scheme !== null) schemes.set(req, scheme);
    }
    return next();
  };
}

/**
 * Parse addresses and networks of proxies.
 *
 * @param list such as `10.0.0.0/8` and `::1`; a local socket counts as `127.0.0.1`
 * @returns null for an empty list
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function parseProxies(list: readonly string[]): BlockList | null {
  if (list.length === 0) return null;
  const proxies = new BlockList();
  for (const entry of list) {
    const [address = "", bits, ...more] = entry.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    const most = family === "ipv6" ? 128 : 32;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (isIP(address) === 0 || prefix < 0 || prefix > most || more.length > 0) {
      throw new ForeverframeError(
        "FF_CONFIG_INVALID",
        `--trusted-proxies has "${shorten(entry)}": write addresses and networks such as 10.0.0.7, 10.0.0.0/8 or fd00::/8`,
      );
    }
    proxies.addSubnet(address, prefix, family);
  }
  return proxies;
}

/** What one proxy says of who has called it. */
interface Hop {
  /** Null where it does not say, or says a name of its own. */
  readonly address: string | null;
  /** The `Host` that it was sent; null where it does not say. */
  readonly host: string | null;
  /** How it was spoken to; null where it does not say. */
  readonly scheme: Scheme | null;
}

/** @throws ForeverframeError FF_REQUEST_INVALID: the two kinds of headers name different callers */
function findCaller(proxies: BlockList, sender: string | null, { headers }: IncomingMessage): Hop {
  const follow = (hops: readonly Hop[]) => followHops(proxies, sender, hops);
  if (headers.forwarded === undefined) return follow(readOtherHops(headers));
  const caller = follow(lastOf(headers.forwarded).map(parseForwarded));
  if (
    headers["x-forwarded-for"] === undefined ||
    follow(readOtherHops(headers)).address === caller.address
  )
    return caller;
  throw new ForeverframeError(
    "FF_REQUEST_INVALID",
    "Forwarded and X-Forwarded-For name different callers, and a client may have sent one of them: let the proxy remove the one that it does not set",
  );
}

/** Whom the trusted ones among the proxies have seen. */
function followHops(proxies: BlockList, sender: string | null, hops: readonly Hop[]): Hop {
  let address = sender;
  let host: string | null = null;
  let scheme: Scheme | null = null;
  for (const hop of hops) {
    if (!isTrusted(proxies, address)) break;
    host = hop.host ?? host;
    scheme = hop.scheme ?? scheme;
    if (hop.address === null) break;
    address = hop.address;
  }
  return { address, host, scheme };
}

/** The hops by `X-Forwarded-*`, the last proxy's first. */
function readOtherHops(headers: IncomingHttpHeaders): readonly Hop[] {
  const hosts = lastOf(headers["x-forwarded-host"]);
  const protos = lastOf(headers["x-forwarded-proto"]);
  const callers = lastOf(headers["x-forwarded-for"]).map(parseAddress);
  // Some proxies add one for each hop, some set one: the nearest proxy's is the last.
  const hop = (address: string | null, i: number): Hop => ({
    address,
    host: hosts[i] || null,
    scheme: parseScheme(protos[i] ?? ""),
  });
  return callers.length === 0 ? [hop(null, 0)] : callers.map(hop);
}

function lastOf(header: string | readonly string[] | undefined): readonly string[] {
  const text = typeof header === "object" ? header.join(",") : (header ?? "");
  if (text === "") return [];
  return text
    .split(",")
    .slice(-MAX_PROXIES)
    .reverse()
    .map((item) => item.trim());
}

/** One element of `Forwarded`. A quoted string with a comma in it is no address, nor a host. */
function parseForwarded(element: string): Hop {
  const pairs = new Map<string, string>();
  for (const pair of element.split(";")) {
    const [name = "", value = ""] = pair.split("=", 2);
    pairs.set(name.trim().toLowerCase(), value.trim().replace(/^"([^"\\]*)"$/, "$1"));
  }
  return {
    address: parseAddress(pairs.get("for") ?? ""),
    host: pairs.get("host") || null,
    scheme: parseScheme(pairs.get("proto") ?? ""),
  };
}

/** Some proxies name WebSocket's own schemes. */
function parseScheme(text: string): Scheme | null {
  const [, secure] = /^(?:http|ws)(s?)$/i.exec(text) ?? [];
  return secure === undefined ? null : secure === "" ? "http" : "https";
}

/** An address with or without a port, and an IPv6 one with or without brackets; null for others. */
function parseAddress(text: string): string | null {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, "$1");
  // A zone ("%eth0") means something on the proxy's machine only.
  return isIP(bare) === 0 ? null : copyText(plain(bare.replace(/%.*/, "")));
}

function socketAddress({ socket }: IncomingMessage): string | null {
  return socket.remoteAddress === undefined ? null : plain(socket.remoteAddress);
}

/** IPv4 as such, where a socket or a proxy has it as IPv6, in either of its forms. */
function plain(address: string): string {
  const [, high = "", low = ""] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(address) ?? [];
  if (high === "") return address.replace(/^::ffff:(?=\d+\.)/i, "");
  const bytes = [high, low].flatMap((half) => {
    const value = Number.parseInt(half, 16);
    return [value >> 8, value & 255];
  });
  return bytes.join(".");
}

function isTrusted(proxies: BlockList, address: string | null): boolean {
  const known = address ?? "127.0.0.1"; // a local socket
  return proxies.check(known, isIPv6(known) ? "ipv6" : "ipv4");
}

/** For what looks at `Host` later: the guard against rebinding, the comparison of origins. */
function replaceHost({ headers, rawHeaders }: IncomingMessage, host: string): void {
  headers.host = host;
  const at = rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === "host");
  if (at >= 0) rawHeaders[at + 1] = host;
}
