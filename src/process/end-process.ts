import type { Logger } from "pino";
import { isHandled } from "../logs/library-errors.ts";

/**
 * End this process at once, as if it had been killed: what the log has answered is on the disk.
 *
 * Not by `process.exit()`, nor by Node after an uncaught error: these wait for ever for a
 * transaction that is under way. https://github.com/kriszyp/lmdb-js/issues/336 It needs a process
 * id other than 1: see `runAsInit`.
 *
 * @param signal whose default action ends it
 */
export function endProcess(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal); // gives the default action back
  process.kill(process.pid, signal);
}

/** Log errors that nobody catches, then end this process. */
export function endOnFault(logger: Logger): void {
  // LMDB's binding prints errors besides throwing them. What it prints is logged like everything
  // else, unless the same error turns out to have reached its caller.
  console.error = (...reasons: readonly unknown[]) =>
    setImmediate(() => {
      if (!isHandled(reasons[0])) logger.error({ err: reasons[0] }, "error printed by a library");
    });
  process.on("uncaughtException", (error) => {
    logger.fatal({ err: error }, "uncaught error: the process ends");
    endProcess("SIGKILL");
  });
}
