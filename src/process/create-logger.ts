import { type LevelWithSilent, type Logger, pino, stdTimeFunctions } from "pino";
import { LogOutput } from "./log-output.ts";

/**
 * Make the logger of a process: JSON lines on standard error, with times that people can read.
 *
 * @param level the least important lines that are written
 * @param about what each line says of this process, besides its pid
 */
export function createLogger(level: LevelWithSilent, about: object = {}): Logger {
  const base = { pid: process.pid, name: "foreverframe", ...about };
  return pino({ level, base, timestamp: stdTimeFunctions.isoTime }, new LogOutput());
}
