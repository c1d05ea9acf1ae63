/**
 * Takes the lines of the log: one of pino's, Fastify's `log`, or what an application makes of them.
 */
export interface Logger {
  debug(about: object, text: string): void;
  info(about: object, text: string): void;
  warn(about: object, text: string): void;
  error(about: object, text: string): void;
}
