import type { IncomingMessage } from "node:http";
import { ForeverframeError, shorten } from "../errors.ts";
import { areCovered, type Decision, describeAction } from "../http/authorization.ts";
import type { AuthorizeQuestion } from "../http/authorize.ts";
import { type Credential, credentialsOf, missingToken } from "../http/credentials.ts";
import type { Guesses } from "../http/guesses.ts";
import type { TokenRights } from "./token-rights.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/** What decides by tokens depends on. */
export interface TokenAuthorizationOptions {
  readonly verifier: Pick<TokenVerifier, "recall" | "verify">;
  readonly guesses: Guesses;
  /** Unix ms. */
  readonly now: () => number;
}

/** Decides by tokens: a request may do what the token that it carries allows. */
export function authorizeByTokens({
  verifier,
  guesses,
  now,
}: TokenAuthorizationOptions): (
  request: IncomingMessage,
  question: AuthorizeQuestion,
) => Promise<Decision> {
  return async (request, question) => {
    const { token, isCookie } = readCredential(request);
    const rights = verifier.recall(token) ?? (await verify(request, token));
    if (!allows(rights, question, isCookie)) throw forbidden(rights, question);
    const { client, principal, admin } = rights;
    const isAdmin = admin && !isCookie;
    return { allow: true, client, principal, isAdmin, expiresInMs: rights.expiresAt - now() };
  };

  async function verify(request: IncomingMessage, token: string): Promise<TokenRights> {
    guesses.check(request);
    try {
      return await verifier.verify(token);
    } catch (error) {
      if (error instanceof ForeverframeError && error.status === 401) guesses.note(request);
      throw error;
    }
  }
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
      return (rights.admin && !isCookie) || client === null || client === rights.client;
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

/**
 * The one token of a request.
 *
 * @throws ForeverframeError FF_TOKEN_MISSING, FF_REQUEST_INVALID: it carries several, and which one
 *   counts would depend on the reader
 */
function readCredential(request: IncomingMessage): Credential {
  const found = credentialsOf(request);
  const [first] = found;
  if (first === undefined) throw missingToken();
  if (found.length === 1) return first;
  throw new ForeverframeError(
    "FF_REQUEST_INVALID",
    `The request carries ${found.length} tokens: send one, in the Authorization header or in one cookie`,
  );
}
