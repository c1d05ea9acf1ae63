import type { JWTPayload } from "jose";
import { selectorFault } from "../core/channel-name.ts";
import { isClientName, MAX_CLIENT_BYTES } from "../core/client-name.ts";
import type { Principal } from "../core/principal.ts";
import { ForeverframeError, show } from "../errors.ts";

/** Most selectors that a token may grant for one action. */
const MAX_SELECTORS = 256;

/** What a token allows its bearer. */
export interface TokenRights {
  /** Unix ms. */
  readonly expiresAt: number;
  /** Selectors that its bearer may subscribe to, or any part of them. */
  readonly subscribe: readonly string[];
  /** Selectors of the channels that its bearer may publish to. */
  readonly publish: readonly string[];
  readonly admin: boolean;
  /** The name of its bearer's client; null if it has none. */
  readonly client: string | null;
  readonly principal: Principal;
}

/**
 * Read the rights from the claims of a token whose signature is right.
 *
 * @throws ForeverframeError FF_TOKEN_INVALID: one fault refuses the whole token, since a token that
 *   means something else than it says is a mistake of its issuer
 * @param keyId see {@link Principal}
 */
export function readRights(
  { exp, iat, sub, jti, foreverframe }: JWTPayload,
  keyId: string | null,
): TokenRights {
  if (typeof exp !== "number" || !Number.isFinite(exp)) throw invalid('has no "exp"');
  if (!isObject(foreverframe)) throw invalid('has no object "foreverframe"');
  const { subscribe, publish, admin = false, client = null } = foreverframe;
  if (typeof admin !== "boolean") throw invalid('has an "admin" that is not true or false');
  return {
    expiresAt: exp * 1_000,
    subscribe: readSelectors("subscribe", subscribe),
    publish: readSelectors("publish", publish),
    admin,
    client: readName("client", client),
    principal: {
      subject: readName("sub", sub),
      tokenId: readName("jti", jti),
      issuedAt: typeof iat === "number" ? iat * 1_000 : 0,
      keyId,
    },
  };
}

function readSelectors(name: string, given: unknown = []): readonly string[] {
  if (!Array.isArray(given)) throw invalid(`has a "${name}" that is not an array`);
  if (given.length > MAX_SELECTORS)
    throw invalid(`has ${given.length} entries in "${name}", more than ${MAX_SELECTORS}`);
  for (const entry of given as readonly unknown[]) {
    const fault = typeof entry === "string" ? selectorFault(entry) : "is not a string";
    if (fault !== null) throw invalid(`has the entry ${show(entry)} in "${name}", which ${fault}`);
  }
  return given as readonly string[];
}

function readName(claim: string, name: unknown): string | null {
  if (name === null || name === undefined) return null;
  if (typeof name === "string" && isClientName(name)) return name;
  throw invalid(
    `has a "${claim}" that is not a string of 1 to ${MAX_CLIENT_BYTES} bytes without control characters`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(fault: string): ForeverframeError {
  return new ForeverframeError(
    "FF_TOKEN_INVALID",
    `The token ${fault}: docs/tokens.md shows what a token holds`,
  );
}
