import type { ForeverframeError } from "../errors.ts";

/**
 * Trouble has ended when nothing has failed for this long, in ms. Otherwise it would come and go
 * with each append.
 */
const CALM_MS = 5_000;

/** What a log's health needs. */
export interface LogHealthOptions {
  readonly monotonicMs: () => number;
  /** Hears of the first failure after all was well, and of null when all is well again. */
  readonly onTrouble?: ((trouble: ForeverframeError | null) => void) | undefined;
}

/** Whether appends work, so that trouble is told once when it begins and once when it ends. */
export class LogHealth {
  readonly #options: LogHealthOptions;
  #trouble: ForeverframeError | null = null;
  #failedAt = 0;
  #isShut = false;
  /**
   * The smallest append that was refused because of the log's size, in bytes; 0 where it is other
   * trouble.
   */
  #refusedBytes = 0;

  constructor(options: LogHealthOptions) {
    this.#options = options;
  }

  /** Why appends fail; null while they do not. */
  get trouble(): ForeverframeError | null {
    return this.#trouble;
  }

  /** Why an append need not even be tried: the disk was full, and nothing has changed. */
  get shut(): ForeverframeError | null {
    return this.#isShut ? this.#trouble : null;
  }

  /** Something could not be stored. */
  failed(error: ForeverframeError): void {
    this.#failedAt = this.#options.monotonicMs();
    this.#refusedBytes = 0;
    this.#isShut = error.code === "FF_LOG_FULL";
    this.#begin(error);
  }

  /** Something was stored. */
  succeeded(): void {
    this.#isShut = false;
    if (this.#trouble === null || this.#refusedBytes > 0) return;
    if (this.#options.monotonicMs() - this.#failedAt >= CALM_MS) this.#end();
  }

  /** An append of this many bytes was refused, since the log would be too large. */
  refused(error: ForeverframeError, bytes: number): void {
    if (this.#trouble !== null && this.#refusedBytes === 0) return;
    this.#refusedBytes = Math.min(this.#refusedBytes || bytes, bytes);
    this.#begin(error);
  }

  /** The log has room for this many bytes. */
  hasRoomFor(bytes: number): void {
    if (this.#refusedBytes > 0 && this.#refusedBytes <= bytes) this.#end();
  }

  #begin(error: ForeverframeError): void {
    const isNew = this.#trouble === null;
    this.#trouble = error;
    if (isNew) this.#options.onTrouble?.(error);
  }

  #end(): void {
    this.#trouble = null;
    this.#refusedBytes = 0;
    this.#options.onTrouble?.(null);
  }
}
