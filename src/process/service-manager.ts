import { execFile } from "node:child_process";
import type { Logger } from "../logger.ts";

/**
 * Node has no datagram sockets of Unix, and no library has them without a compiler: this program of
 * systemd's own package speaks for us.
 */
const COMMAND = "systemd-notify";

/** It answers at once, unless systemd is stuck, in ms. */
const COMMAND_MS = 5_000;

/**
 * Tells systemd how the service is doing, where it wants to know (`Type=notify`):
 * https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 *
 * With `WatchdogSec=`, it says again and again that the event loop turns. When that stops, systemd
 * starts the service anew.
 */
export class ServiceManager {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #logger: Logger;
  readonly #watchdogMs: number | null;
  /** One message at a time, so that they arrive in order. */
  #telling: Promise<void> = Promise.resolve();
  /** Messages that are not told yet. */
  #due = 0;
  #isAbsent = false;
  #watchdog: NodeJS.Timeout | null = null;

  private constructor(
    environment: Readonly<Record<string, string | undefined>>,
    watchdogMs: number | null,
    logger: Logger,
  ) {
    this.#environment = environment;
    this.#watchdogMs = watchdogMs;
    this.#logger = logger;
  }

  /** Null where nobody wants to know. */
  static of(
    environment: Readonly<Record<string, string | undefined>>,
    logger: Logger,
    ownPid = process.pid,
  ): ServiceManager | null {
    const { NOTIFY_SOCKET = "", WATCHDOG_USEC = "", WATCHDOG_PID = "" } = environment;
    if (NOTIFY_SOCKET === "") return null;
    const isOurs = WATCHDOG_PID === "" || Number(WATCHDOG_PID) === ownPid;
    const microseconds = isOurs && /^\d{1,15}$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) : 0;
    return new ServiceManager(environment, microseconds > 0 ? microseconds / 1_000 : null, logger);
  }

  /** The server listens, or has read its files anew. */
  tellReady(): void {
    this.#tell("READY=1");
    if (this.#watchdogMs === null || this.#watchdog !== null) return;
    // A timer fires only while the event loop turns. Signs of life don't queue up behind a systemd
    // that is stuck: a stop would wait for them all.
    this.#watchdog = setInterval(() => {
      if (this.#due === 0) this.#tell("WATCHDOG=1");
    }, this.#watchdogMs / 2);
    this.#watchdog.unref();
  }

  /** The server reads its files anew; {@link tellReady} follows. */
  tellReloading(): void {
    const microseconds = process.hrtime.bigint() / 1_000n; // CLOCK_MONOTONIC
    this.#tell("RELOADING=1", `MONOTONIC_USEC=${microseconds}`);
  }

  /**
   * The server drains. The watchdog goes on until it has ended.
   *
   * @returns when systemd has been told, or has not answered for some seconds: a process that ends
   * before takes the message with it
   */
  tellStopping(): Promise<void> {
    this.#tell("STOPPING=1");
    return this.#telling;
  }

  #tell(...words: readonly string[]): void {
    if (this.#isAbsent) return;
    this.#due++;
    this.#telling = this.#telling.then(() => this.#run(words)).finally(() => this.#due--);
  }

  #run(words: readonly string[]): Promise<void> {
    const { PATH, NOTIFY_SOCKET } = this.#environment;
    return new Promise((resolve) => {
      const options = { timeout: COMMAND_MS, env: { PATH, NOTIFY_SOCKET } };
      execFile(COMMAND, words, options, (error, _stdout, stderr) => {
        if (error !== null && !this.#isAbsent) this.#fail(error, stderr);
        resolve();
      });
    });
  }

  #fail(error: Error, stderr: string): void {
    this.#isAbsent = "code" in error && error.code === "ENOENT";
    if (this.#isAbsent && this.#watchdog !== null) clearInterval(this.#watchdog);
    const remedy = this.#isAbsent
      ? `${COMMAND} is not there: install systemd's package, or write Type=exec into the unit`
      : `${COMMAND} failed, see to it that the unit has NotifyAccess=all: ${stderr.trim()}`;
    this.#logger.warn({ err: error }, `systemd can't be told how the server is: ${remedy}`);
  }
}
