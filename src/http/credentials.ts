import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { ForeverframeError } from "../errors.ts";

/** The cookies that may carry a token. */
const COOKIES: ReadonlySet<string> = new Set([
  "foreverframe_token",
  "__Host-foreverframe_token",
  "__Secure-foreverframe_token",
]);

/** A token, and how it came. */
export interface Credential {
  readonly token: string;
  readonly isCookie: boolean;
}

/** The refusal of a request without a token, where it needs one. */
export function missingToken(): ForeverframeError {
  return new ForeverframeError(
    "FF_TOKEN_MISSING",
    'A token is missing: send it as "Authorization: Bearer <token>", as the cookie foreverframe_token, or get a ticket with it by POST /tickets',
  );
}

/** All tokens that a request carries. */
export function credentialsOf({ headers, rawHeaders }: IncomingMessage): readonly Credential[] {
  const bearer = bearerToken(headers);
  // Node takes the first of several headers; a proxy before it may have checked the last.
  const count = rawHeaders.filter((name, i) => i % 2 === 0 && isAuthorization(name)).length;
  const bearers = bearer === null ? [] : Array<string>(count).fill(bearer);
  return [
    ...bearers.map((token) => ({ token, isCookie: false })),
    ...tokenCookies(headers).map((token) => ({ token, isCookie: true })),
  ];
}

/** The token of `Authorization: Bearer <token>` (RFC 6750); null if there is none. */
export function bearerToken({ authorization = "" }: IncomingHttpHeaders): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
}

/**
 * Whether a browser may have sent of its own what a request is allowed by: a cookie, a password for
 * the site, the word of a proxy. It does so with whatever a page asks for, of any site.
 *
 * @param isSignedIn whether a proxy says who the user is
 */
export function isAmbient({ headers }: IncomingMessage, isSignedIn: boolean): boolean {
  if (bearerToken(headers) !== null) return false;
  return isSignedIn || headers.cookie !== undefined || headers.authorization !== undefined;
}

function isAuthorization(name: string): boolean {
  return name.length === 13 && name.toLowerCase() === "authorization";
}

function tokenCookies({ cookie = "" }: IncomingHttpHeaders): readonly string[] {
  return cookie.split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at > 0 && COOKIES.has(pair.slice(0, at).trim()) ? [pair.slice(at + 1).trim()] : [];
  });
}
