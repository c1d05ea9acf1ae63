/** Takes log lines: a pino logger, Fastify's `log`, or an object of the application's own. */
export interface Logger {
  /** Details for finding a fault, such as a connection that a client cut. */
  debug(about: object, text: string): void;
  /** News that need no action, such as an end of trouble. */
  info(about: object, text: string): void;
  /** A request was refused, or there is trouble that may pass by itself. */
  warn(about: object, text: string): void;
  /** Something failed. `about.err` is the error. */
  error(about: object, text: string): void;
}
