import { createSecretKey } from "node:crypto";
import { errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { copyText } from "../core/copy-text.ts";
import { Oldest } from "../core/oldest.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import { KeySet, type KeySetOptions } from "./key-set.ts";
import { readSecret } from "./secret.ts";
import { readRights, type TokenRights } from "./token-rights.ts";

/** Longest token, in characters. */
const MAX_TOKEN_CHARACTERS = 8_192;

/** Tokens that were found good are remembered, up to so many characters of all of them. */
const MAX_KNOWN_CHARACTERS = 4_194_304;

/** How far the clock of an issuer may be ahead, in s. */
const CLOCK_TOLERANCE_S = 5;

/** Headers by which a token would choose its key, or how it is read (RFC 7515, section 4.1). */
const REFUSED_HEADERS = ["jku", "jwk", "x5u", "x5c", "crit"];

/** Where tokens come from, and whom they are for. */
export interface TokenSettings {
  /** Path of the file with the secret of HS256 tokens; none if empty. */
  readonly secretFile: string;
  /** Path or URL of the public keys of RS256, ES256 and EdDSA tokens; none if empty. */
  readonly jwks: string;
  /** The "iss" that tokens must have; any if empty. */
  readonly issuer: string;
  /** One of the "aud" that tokens must have; any if empty. */
  readonly audience: string;
}

/** Checks tokens (JWT, RFC 7519) by the keys of the configuration, never by what a token names. */
export class TokenVerifier {
  readonly #findKey: JWTVerifyGetKey;
  readonly #algorithms: string[];
  readonly #settings: TokenSettings;
  readonly #now: () => number;
  /** Null where there is one secret, and no public keys. */
  readonly #keys: KeySet | null;
  /** Those that were checked last, so that a client that polls costs no signature each time. */
  readonly #known = new Map<string, TokenRights>();
  readonly #oldest = new Oldest(this.#known);
  #knownCharacters = 0;

  private constructor(
    keys: KeySet | null,
    findKey: JWTVerifyGetKey,
    algorithms: string[],
    settings: TokenSettings,
    now: () => number,
  ) {
    this.#keys = keys;
    this.#findKey = findKey;
    this.#algorithms = algorithms;
    this.#settings = settings;
    this.#now = now;
  }

  /**
   * @param settings have a secret or public keys
   * @param onKeysRemoved called when a key is not valid any more
   * @throws ForeverframeError FF_CONFIG_INVALID
   */
  static async open(
    settings: TokenSettings,
    options: Omit<KeySetOptions, "onRemoved">,
    onKeysRemoved: (isValid: (keyId: string) => boolean) => void,
  ): Promise<TokenVerifier> {
    const { secretFile, jwks } = settings;
    const now = options.scheduler.unixMs;
    if (secretFile !== "") {
      const key = createSecretKey(readSecret(secretFile));
      return new TokenVerifier(null, async () => key, ["HS256"], settings, now);
    }
    const onRemoved = () => onKeysRemoved((id) => keys.has(id));
    const keys = await KeySet.open(jwks, { ...options, onRemoved });
    return new TokenVerifier(keys, keys.find, ["RS256", "ES256", "EdDSA"], settings, now);
  }

  /** Stop reading keys. */
  close(): void {
    this.#keys?.close();
  }

  /**
   * The rights of a token that was checked a while ago and has not expired; null for others. Its
   * key may have been removed meanwhile.
   */
  recall(token: string): TokenRights | null {
    const rights = this.#known.get(token);
    return rights !== undefined && rights.expiresAt > this.#now() ? rights : null;
  }

  /**
   * Check a token.
   *
   * @throws ForeverframeError FF_TOKEN_INVALID, FF_TOKEN_EXPIRED, FF_AUTH_UNAVAILABLE. The sentence
   *   never holds the token
   */
  async verify(token: string): Promise<TokenRights> {
    if (token.length > MAX_TOKEN_CHARACTERS)
      throw invalid(`has ${token.length} characters, more than ${MAX_TOKEN_CHARACTERS}`);
    const { issuer, audience } = this.#settings;
    const now = this.#now();
    const { payload, protectedHeader, key } = await jwtVerify(token, this.#findKey, {
      algorithms: this.#algorithms,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(now),
      requiredClaims: ["exp"],
      ...(issuer === "" ? {} : { issuer }),
      ...(audience === "" ? {} : { audience }),
    }).catch((error: unknown) => {
      throw translate(error);
    });
    const refused = REFUSED_HEADERS.find((name) => name in protectedHeader);
    if (refused !== undefined) throw invalid(`has the header "${refused}", which is not taken`);
    if (Number(payload.iat) > now / 1_000 + CLOCK_TOLERANCE_S)
      throw invalid('has an "iat" that is still to come');
    const rights = readRights(payload, this.#keys?.idOf(key) ?? null);
    if (rights.expiresAt <= now) throw expired(); // the tolerance is for "nbf"
    this.#remember(token, rights);
    return rights;
  }

  #remember(token: string, rights: TokenRights): void {
    this.#forget(token);
    this.#known.set(copyText(token), rights);
    this.#knownCharacters += token.length;
    while (this.#knownCharacters > MAX_KNOWN_CHARACTERS) {
      const oldest = this.#oldest.take();
      if (oldest === undefined) break;
      this.#knownCharacters -= oldest.length;
    }
  }

  #forget(token: string): void {
    if (this.#known.delete(token)) this.#knownCharacters -= token.length;
  }
}

/** jose's error, as a sentence for who sent the token. */
function translate(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return expired();
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalid(`has a wrong claim "${shorten(error.claim)}" (${error.reason})`);
  if (error instanceof errors.JOSEAlgNotAllowed)
    return invalid("is signed by an algorithm that this server does not take");
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return invalid("is signed by a key that this server does not know");
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalid("has a wrong signature");
  // What WebCrypto throws where the key set has a key that is none.
  if (error instanceof DOMException)
    return invalid("is signed by a key that this server can't use");
  if (error instanceof errors.JOSEError) return invalid("is not a signed JWT");
  if (error instanceof ForeverframeError) return error;
  return error instanceof TypeError ? invalid("is not a signed JWT") : error;
}

function invalid(fault: string): ForeverframeError {
  return new ForeverframeError(
    "FF_TOKEN_INVALID",
    `The token ${fault}: ask who issues tokens for another one`,
  );
}

function expired(): ForeverframeError {
  return new ForeverframeError(
    "FF_TOKEN_EXPIRED",
    "The token has expired: ask who issues tokens for another one",
  );
}
