/** Where a log is kept. */
export type LogLocation =
  | { readonly kind: "memory" }
  | { readonly kind: "lmdb"; readonly directory: string }
  | {
      readonly kind: "redis";
      /** `redis://` or `rediss://`, with user and password where Redis wants them. */
      readonly url: string;
      /** What the names of the log's keys begin with, in braces. */
      readonly prefix: string;
      /** Believe that a Redis that was started again has lost nothing. */
      readonly trustRestart: boolean;
    };
