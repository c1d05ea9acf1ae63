import { randomUUID } from "node:crypto";
import { type JWTPayload, SignJWT } from "jose";
import { ForeverframeError, shorten } from "../errors.ts";
import { readRights } from "../tokens/token-rights.ts";
import { readSecret } from "../tokens/token-verifier.ts";

/** What `foreverframe token` is given. */
export interface TokenOptions {
  readonly secretFile: string;
  readonly subscribe?: readonly string[] | undefined;
  readonly publish?: readonly string[] | undefined;
  readonly admin?: boolean | undefined;
  readonly client?: string | undefined;
  readonly subject?: string | undefined;
  /** Such as `1h`. */
  readonly ttl: string;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Longest life of a token, in s: ten years. */
const MAX_TTL_S = 3_650 * 86_400;

/**
 * `foreverframe token`: sign a token for whom the options describe.
 *
 * @param now Unix ms
 * @throws ForeverframeError FF_CONFIG_INVALID, FF_TOKEN_INVALID: a server would refuse it
 */
export function makeToken(options: TokenOptions, now: number): Promise<string> {
  const { secretFile, subscribe, publish, admin, client, subject, issuer, audience } = options;
  if (subscribe === undefined && publish === undefined && admin === undefined) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      "The token would allow nothing: say what it is for, such as --subscribe 'doors.**', --publish doors.north or --admin",
    );
  }
  const exp = Math.floor(now / 1_000) + parseTtl(options.ttl);
  // JSON leaves out what is undefined.
  const foreverframe = JSON.parse(JSON.stringify({ subscribe, publish, admin, client }));
  readRights({ exp, sub: subject, foreverframe } as JWTPayload, null);
  const token = new SignJWT({ foreverframe })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(Math.floor(now / 1_000))
    .setExpirationTime(exp)
    .setJti(randomUUID());
  if (subject !== undefined) token.setSubject(subject);
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  return token.sign(readSecret(secretFile));
}

/** @returns s */
function parseTtl(text: string): number {
  const [, digits = "", unit = ""] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (SECONDS[unit] ?? 0);
  if (seconds > 0 && seconds <= MAX_TTL_S) return seconds;
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--ttl is "${shorten(text)}": give a time up to 3650d, such as 90s, 30m, 1h or 7d`,
  );
}
