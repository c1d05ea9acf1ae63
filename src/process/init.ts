import { spawn } from "node:child_process";
import { constants } from "node:os";

/** Passed on to the server. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2"] as const;

/**
 * Run this command once more in a process of its own, pass signals on to it, and end as it ends.
 *
 * For a process that is the first of a container: the kernel ignores every signal that process 1
 * sends itself, so it could not end itself at a second SIGTERM or after a fault.
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
export function runAsInit(): void {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: "inherit",
  });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => {
    process.stderr.write(`foreverframe: the server can't be started: ${error.message}\n`);
    process.exit(1);
  });
  child.once("exit", (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
}
