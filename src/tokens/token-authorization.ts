import type { IncomingMessage } from "node:http";
import { covers } from "../core/covers.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import { describeAction } from "../http/authorization.ts";
import type { Authorize, AuthorizeQuestion } from "../http/authorize.ts";
import { bearerToken } from "../http/bearer.ts";
import { tellsItsSource } from "../http/middleware/access.ts";
import type { TokenRights } from "./token-rights.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/** The cookies that may carry a token. */
const COOKIES: ReadonlySet<string> = new Set([
  "foreverframe_token",
  "__Host-foreverframe_token",
  "__Secure-foreverframe_token",
]);

/** A token, and how it came. */
interface Credential {
  readonly token: string;
  readonly isCookie: boolean;
}

/**
 * Decides by tokens: a request may do what the token that it carries allows.
 *
 * @param now Unix ms
 */
export function authorizeByTokens(
  verifier: Pick<TokenVerifier, "verify">,
  now: () => number,
): Authorize {
  return async (request, question) => {
    const { token, isCookie } = readCredential(request);
    if (isCookie) checkSource(request, question);
    const rights = await verifier.verify(token);
    if (!allows(rights, question, isCookie)) throw forbidden(rights, question);
    return { allow: true, client: rights.client, expiresInMs: rights.expiresAt - now() };
  };
}

function allows(
  rights: TokenRights,
  { action, channels, client }: AuthorizeQuestion,
  isCookie: boolean,
): boolean {
  switch (action) {
    case "subscribe":
      // Who might give any name could take the places of another client's streams.
      if (client !== null && client !== rights.client) return false;
      return areCovered(channels, rights.subscribe);
    case "publish":
      return areCovered(channels, rights.publish);
    case "close":
      return rights.admin || client === null || client === rights.client;
    case "admin":
      // A cookie comes by itself with whatever a page asks for.
      return rights.admin && !isCookie;
  }
}

function forbidden({ client }: TokenRights, question: AuthorizeQuestion): ForeverframeError {
  const isOthers = question.client !== null && question.client !== client;
  const what = isOthers
    ? `act as the client "${shorten(question.client)}"`
    : describeAction(question);
  return new ForeverframeError(
    "FF_FORBIDDEN",
    `The token does not allow you to ${what}: ask who issues tokens for one that does`,
  );
}

function areCovered(asked: readonly string[], granted: readonly string[]): boolean {
  return asked.every((one) => granted.some((selector) => covers(selector, one)));
}

/**
 * The one token of a request.
 *
 * @throws ForeverframeError FF_TOKEN_MISSING, FF_REQUEST_INVALID: it carries several, and which one
 *   counts would depend on the reader
 */
function readCredential({ headers }: IncomingMessage): Credential {
  const bearer = bearerToken(headers);
  const found = [
    ...(bearer === null ? [] : [{ token: bearer, isCookie: false }]),
    ...readCookies(headers.cookie ?? "").map((token) => ({ token, isCookie: true })),
  ];
  const [first] = found;
  if (first === undefined) {
    throw new ForeverframeError(
      "FF_TOKEN_MISSING",
      'A token is missing: send it as "Authorization: Bearer <token>", or as the cookie foreverframe_token',
    );
  }
  if (found.length === 1) return first;
  throw new ForeverframeError(
    "FF_REQUEST_INVALID",
    `The request carries ${found.length} tokens: send one, in the Authorization header or in one cookie`,
  );
}

function readCookies(header: string): readonly string[] {
  return header.split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at > 0 && COOKIES.has(pair.slice(0, at).trim()) ? [pair.slice(at + 1).trim()] : [];
  });
}

/**
 * A cookie comes by itself, also with what a page of another site asks for. So where its answer can
 * be read as a script, or where it changes something, the browser has to say where it comes from.
 *
 * @throws ForeverframeError FF_ORIGIN_REFUSED
 */
function checkSource(request: IncomingMessage, { action }: AuthorizeQuestion): void {
  const { url = "", method = "GET" } = request;
  const query = new URLSearchParams(url.split("?").slice(1).join("?"));
  const isScript = query.get("transport") === "poll" && query.has("callback");
  if (isScript) {
    throw new ForeverframeError(
      "FF_ORIGIN_REFUSED",
      "A poll with a callback can't carry a token in a cookie, since any page could read its answer: leave the callback out",
    );
  }
  const isReading = (method === "GET" || method === "HEAD") && action === "subscribe";
  if (isReading || tellsItsSource(request)) return;
  throw new ForeverframeError(
    "FF_ORIGIN_REFUSED",
    'A request that a cookie authorizes and that changes something must say where it comes from: send Origin or Referer, or the token as "Authorization: Bearer"',
  );
}
