import type { X509Certificate } from "node:crypto";
import type { Scheduler } from "../core/scheduler.ts";
import type { Logger } from "../logger.ts";
import { checkTlsPair, readTlsPair, type TlsFiles, type TlsPair } from "./tls-pair.ts";

/**
 * The files are read this often, in ms. Their contents are compared: not every mount sends notices
 * of changes, and two versions of a file can have the same time and size.
 */
const LOOK_MS = 5_000;

/** How often a certificate that ends soon is logged, in ms. */
const DAY_MS = 86_400_000;

/** A certificate ends soon in its last 14 days, or the last quarter of its time if that is less. */
const SOON_MS = 14 * DAY_MS;
const SOON_FRACTION = 0.25;

/** What a watch depends on. */
export interface TlsWatchOptions {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/**
 * Watches the files of a certificate and its key. A new pair with a fault is logged once, and the
 * pair in use stays.
 */
export class TlsWatch {
  readonly #files: TlsFiles;
  readonly #options: TlsWatchOptions;
  #onChange: (pair: TlsPair) => void = () => {};
  #stops: readonly (() => void)[] = [];
  #pair: TlsPair;
  #certificate: X509Certificate;
  #looking: Promise<void> | null = null;
  /** The fault of the last look; null if there was none. */
  #fault: { readonly reason: string; isLogged: boolean } | null = null;

  private constructor(
    files: TlsFiles,
    pair: TlsPair,
    certificate: X509Certificate,
    options: TlsWatchOptions,
  ) {
    this.#files = files;
    this.#pair = pair;
    this.#certificate = certificate;
    this.#options = options;
    this.#warnOfEnd();
  }

  /**
   * Read and check the files for the first time.
   *
   * @throws ForeverframeError FF_CONFIG_INVALID
   */
  static async open(files: TlsFiles, options: TlsWatchOptions): Promise<TlsWatch> {
    const pair = await readTlsPair(files);
    return new TlsWatch(files, pair, checkTlsPair(pair, files), options);
  }

  /** The pair to speak by. */
  get pair(): TlsPair {
    return this.#pair;
  }

  /**
   * Look at the files from now on.
   *
   * @param onChange called with each new pair, which has been checked
   */
  start(onChange: (pair: TlsPair) => void): void {
    const { scheduler } = this.#options;
    this.#onChange = onChange;
    this.#stops = [
      scheduler.every(LOOK_MS, () => void this.look()),
      scheduler.every(DAY_MS, () => this.#warnOfEnd()),
    ];
  }

  /** Look now, and log what was found in any case: an operator asks for it. */
  async reload(): Promise<void> {
    await this.#looking; // a look under way may have read the files before they were replaced
    const before = this.#pair;
    this.#fault = null;
    await this.look();
    this.#logFault();
    if (this.#fault === null && this.#pair === before)
      this.#options.logger.info(this.#about(), "TLS certificate unchanged");
  }

  /** Look now. Calls during a look share it. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Stop looking. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }

  async #look(): Promise<void> {
    try {
      const pair = await readTlsPair(this.#files);
      if (pair.cert !== this.#pair.cert || pair.key !== this.#pair.key) {
        const certificate = checkTlsPair(pair, this.#files);
        this.#onChange(pair);
        this.#pair = pair;
        this.#certificate = certificate;
        this.#options.logger.info(this.#about(), "TLS certificate replaced");
        this.#warnOfEnd();
      }
      this.#fault = null;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Files that are replaced one after the other don't belong together for a moment.
      if (this.#fault?.reason === reason) this.#logFault();
      else this.#fault = { reason, isLogged: false };
    }
  }

  #logFault(): void {
    if (this.#fault === null || this.#fault.isLogged) return;
    this.#fault.isLogged = true;
    const { reason } = this.#fault;
    this.#options.logger.error(
      { ...this.#about(), reason },
      "new TLS certificate not taken: the one before stays in use",
    );
  }

  #warnOfEnd(): void {
    const { scheduler, logger } = this.#options;
    const { validFrom, validTo } = this.#certificate;
    const [from, end] = [Date.parse(validFrom), Date.parse(validTo)];
    const now = scheduler.unixMs();
    if (now < from) logger.warn(this.#about(), "TLS certificate not valid yet: clients refuse it");
    else if (now > end) logger.warn(this.#about(), "TLS certificate expired: clients refuse it");
    else if (end - now < Math.min(SOON_MS, (end - from) * SOON_FRACTION))
      logger.warn(this.#about(), "TLS certificate expires soon: renew it");
  }

  #about(): object {
    const { subject, validFrom, validTo, fingerprint256 } = this.#certificate;
    return { tlsCert: this.#files.tlsCert, subject, validFrom, validTo, fingerprint256 };
  }
}
