import { readFile } from "node:fs/promises";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  errors,
  type JWK,
  type JWTHeaderParameters,
  type JWTVerifyGetKey,
} from "jose";
import type { Scheduler } from "../core/scheduler.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import { fetchText } from "../http/fetch-text.ts";
import type { Logger } from "../logger.ts";

/** How often the keys at a URL, and those in a file, are read again, in ms. */
const REFRESH_URL_MS = 300_000;
const REFRESH_FILE_MS = 10_000;

/** A token with an unknown key has the keys read again, but not more often than this, in ms. */
const UNKNOWN_KEY_MS = 30_000;

/** How long an answer with keys is awaited, in ms. */
const FETCH_MS = 5_000;

/** Most bytes of a document with keys. */
const MAX_BYTES = 1_048_576;

/** What a key set depends on. */
export interface KeySetOptions {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Called when some of the keys are not among them any more. */
  readonly onRemoved: () => void;
}

/** A key, by what it is: one that takes the place of another under the same `kid` is another. */
interface KeyId {
  /** Its thumbprint (RFC 7638). */
  readonly id: string;
  readonly kid: string | undefined;
  readonly kty: string | undefined;
}

/** The type of key that an algorithm takes, by how its name begins. */
const KEY_TYPES: Readonly<Record<string, string>> = { RS: "RSA", ES: "EC", Ed: "OKP" };

/**
 * Public keys from a JWK set (RFC 7517), which is a file or is at a URL.
 *
 * They are read again from time to time, and when a token names a key that is not among them. While
 * that fails, the keys that were read before stay.
 */
export class KeySet {
  readonly #source: string;
  readonly #options: KeySetOptions;
  readonly #stop: () => void;
  #find: JWTVerifyGetKey | null = null;
  #ids: readonly KeyId[] = [];
  #refreshing: Promise<void> | null = null;
  #readAt = Number.NEGATIVE_INFINITY;
  #isInTrouble = false;

  private constructor(source: string, options: KeySetOptions) {
    this.#source = source;
    this.#options = options;
    const pauseMs = isUrl(source) ? REFRESH_URL_MS : REFRESH_FILE_MS;
    this.#stop = options.scheduler.every(pauseMs, () => void this.#refresh());
  }

  /**
   * Read the keys for the first time.
   *
   * @param source a path, or a URL: if nothing answers there yet, it is asked again later
   * @throws ForeverframeError FF_CONFIG_INVALID: the file can't be read, or holds no keys
   */
  static async open(source: string, options: KeySetOptions): Promise<KeySet> {
    const keys = new KeySet(source, options);
    await keys.#refresh();
    if (keys.#find !== null || isUrl(source)) return keys;
    keys.close();
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      `--jwks is "${shorten(source)}", which is not a readable file with a JWK set such as {"keys":[...]}: give its path, or a URL that begins with https:// or http://`,
    );
  }

  /**
   * Find the key of a token.
   *
   * @throws errors.JWKSNoMatchingKey, and ForeverframeError FF_AUTH_UNAVAILABLE: no keys were read
   *   yet
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#find === null) await this.#refreshUnlessRecent();
    try {
      return await this.#known()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refreshUnlessRecent();
      return this.#known()(header, token);
    }
  };

  /** The id of the key that a token with this header is checked by; null if it is not known. */
  idOf({ kid, alg = "" }: JWTHeaderParameters): string | null {
    const fits = (key: KeyId) => key.kty === KEY_TYPES[alg.slice(0, 2)];
    const found = this.#ids.find((key) => fits(key) && (kid === undefined || key.kid === kid));
    return found?.id ?? null;
  }

  /** Whether a key of this id is among the keys. */
  has(id: string): boolean {
    return this.#ids.some((key) => key.id === id);
  }

  /** Stop reading the keys again. */
  close(): void {
    this.#stop();
  }

  #known(): JWTVerifyGetKey {
    if (this.#find !== null) return this.#find;
    throw new ForeverframeError(
      "FF_AUTH_UNAVAILABLE",
      "The keys that tokens are checked with can't be read now: try again later",
    );
  }

  async #refreshUnlessRecent(): Promise<void> {
    const since = this.#options.scheduler.monotonicMs() - this.#readAt;
    if (this.#refreshing === null && since < UNKNOWN_KEY_MS) return;
    await this.#refresh();
  }

  /** Read the keys; those who ask for it meanwhile share one attempt. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #read(): Promise<void> {
    const { scheduler, logger } = this.#options;
    this.#readAt = scheduler.monotonicMs();
    const about = { jwks: this.#source.replace(/[?#].*$/, "") }; // which may be secret
    try {
      const text = isUrl(this.#source)
        ? await fetchKeys(this.#source)
        : await readFile(this.#source, "utf8");
      const { keys } = JSON.parse(text) as { keys: readonly JWK[] };
      const find = createLocalJWKSet({ keys: [...keys] });
      const ids = await Promise.all(keys.map(identify));
      this.#find = find;
      const had = this.#ids;
      this.#ids = ids.filter((id) => id !== null);
      if (had.some(({ id }) => !this.has(id))) this.#options.onRemoved();
      if (this.#isInTrouble) logger.info(about, "keys of tokens can be read again");
      this.#isInTrouble = false;
    } catch (err) {
      if (!this.#isInTrouble)
        logger.warn({ ...about, err }, "keys of tokens can't be read: those known before stay");
      this.#isInTrouble = true;
    }
  }
}

/** Null for a key of another kind, which tokens are not checked by. */
async function identify(key: JWK): Promise<KeyId | null> {
  const { kid, kty } = key;
  if (!Object.values(KEY_TYPES).includes(String(kty))) return null;
  return calculateJwkThumbprint(key).then(
    (id) => ({ id, kid, kty }),
    () => null,
  );
}

function isUrl(source: string): boolean {
  return /^https?:\/\//.test(source);
}

async function fetchKeys(url: string): Promise<string> {
  const headers = { Accept: "application/jwk-set+json, application/json" };
  const limits = { ms: FETCH_MS, maxBytes: MAX_BYTES };
  const { status, text } = await fetchText(url, { headers, redirect: "error" }, limits);
  if (status !== 200) throw new Error(`the answer has the status ${status}`);
  return text;
}
