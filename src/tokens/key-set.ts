import { createPublicKey, type JsonWebKey, KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { types } from "node:util";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  errors,
  type JWK,
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

/** Most keys named in one line of the log. */
const MAX_NAMED = 10;

/** Most bytes of a document with keys. */
const MAX_BYTES = 1_048_576;

/** What workers tell each other about the keys at a URL, so that one of them asks for all. */
export interface KeyNews {
  /** @param text the document with the keys; null where this process begins to ask for it */
  tell(text: string | null): void;
  /** @param hear is given what the others tell */
  listen(hear: (text: string | null) => void): void;
}

/** What a key set depends on. */
export interface KeySetOptions {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Null for a process alone. */
  readonly news: KeyNews | null;
  /** Called when some of the keys are not among them any more. */
  readonly onRemoved: () => void;
}

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
  /** Of the keys known now. */
  #ids: ReadonlySet<string> = new Set();
  /** Of all keys that were found: a check by one may end after its removal. */
  readonly #found = new WeakMap<object, string>();
  #refreshing: Promise<void> | null = null;
  /** Ends the wait for another process that is asking. */
  #stopWaiting = () => {};
  #readAt = Number.NEGATIVE_INFINITY;
  #isInTrouble = false;
  /** How many of the keys can't be used. */
  #unusable = 0;

  private constructor(source: string, options: KeySetOptions) {
    this.#source = source;
    this.#options = options;
    const pauseMs = isUrl(source) ? REFRESH_URL_MS : REFRESH_FILE_MS;
    this.#stop = options.scheduler.every(pauseMs, () => void this.#refresh());
    options.news?.listen((text) => this.#hear(text));
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
    const key = await this.#findNow(header, token);
    if (types.isCryptoKey(key) && !this.#found.has(key))
      this.#found.set(key, await thumbprint(KeyObject.from(key)));
    return key;
  };

  /**
   * The id of a key that {@link find} has found, by what it is: one that takes the place of another
   * under the same `kid` is another. Null for other keys.
   */
  idOf(key: object): string | null {
    return this.#found.get(key) ?? null;
  }

  /** Whether a key of this id is among the keys now. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Stop reading the keys again. */
  close(): void {
    this.#stop();
  }

  async #findNow(
    ...about: Parameters<JWTVerifyGetKey>
  ): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    try {
      return await this.#known()(...about);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refreshUnlessRecent();
      return this.#known()(...about);
    }
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
    const news = isUrl(this.#source) ? this.#options.news : null;
    this.#readAt = scheduler.monotonicMs();
    const about = { jwks: this.#source.replace(/[?#].*$/, "") }; // which may be secret
    try {
      news?.tell(null);
      const text = isUrl(this.#source)
        ? await fetchKeys(this.#source)
        : await readFile(this.#source, "utf8");
      await this.#take(text);
      news?.tell(text);
      if (this.#isInTrouble) logger.info(about, "keys of tokens can be read again");
      this.#isInTrouble = false;
    } catch (err) {
      if (!this.#isInTrouble)
        logger.warn({ ...about, err }, "keys of tokens can't be read: those known before stay");
      this.#isInTrouble = true;
    }
  }

  /** Another process asks for the keys, or has read them. */
  #hear(text: string | null): void {
    const { scheduler } = this.#options;
    this.#readAt = scheduler.monotonicMs();
    if (text !== null) {
      void this.#take(text).finally(() => this.#stopWaiting());
      return;
    }
    this.#refreshing ??= new Promise<void>((resolve) => {
      this.#stopWaiting = resolve;
      scheduler.after(FETCH_MS, resolve);
    }).finally(() => {
      this.#refreshing = null;
    });
  }

  async #take(text: string): Promise<void> {
    const { keys } = JSON.parse(text) as { keys: readonly JWK[] };
    const find = createLocalJWKSet({ keys: [...keys] });
    const ids = await Promise.all(keys.map(identify));
    this.#noteUnusable(keys.filter((_, i) => ids[i] === null));
    this.#find = find;
    const had = this.#ids;
    this.#ids = new Set(ids.filter((id) => id !== null));
    if ([...had].some((id) => !this.has(id))) this.#options.onRemoved();
  }

  #noteUnusable(keys: readonly JWK[]): void {
    if (keys.length > this.#unusable) {
      const kids = keys.slice(0, MAX_NAMED).map(({ kid }) => shorten(String(kid)));
      this.#options.logger.warn(
        { kids, count: keys.length },
        "some keys of tokens can't be used: they are broken, or of a kind that is not known",
      );
    }
    this.#unusable = keys.length;
  }
}

/** Null for a key of another kind, which tokens are not checked by. */
async function identify(key: JWK): Promise<string | null> {
  try {
    return await thumbprint(createPublicKey({ key: key as JsonWebKey, format: "jwk" }));
  } catch {
    return null;
  }
}

/** RFC 7638, of the key itself: the same key can be written as a JWK in several ways. */
function thumbprint(key: KeyObject): Promise<string> {
  return calculateJwkThumbprint(key.export({ format: "jwk" }) as JWK);
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
