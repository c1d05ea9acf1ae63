/** Takes log lines: a pino logger, Fastify's `log`, or an object of the application's own. */
export interface Logger {
  debug(about: object, text: string): void;
  info(about: object, text: string): void;
  warn(about: object, text: string): void;
  error(about: object, text: string): void;
}
