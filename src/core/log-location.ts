/** Where a log is kept. */
export type LogLocation =
  | { readonly kind: "memory" }
  | { readonly kind: "lmdb"; readonly directory: string }
  | {
      readonly kind: "redis";
      /**
       * `redis://`, `redis-sentinel://` or `redis-cluster://`, or one with `rediss` for TLS, with
       * user and password where Redis wants them.
       */
      readonly url: string;
      /** What the names of the log's keys begin with, in braces. */
      readonly prefix: string;
      /** Believe that a Redis that was started again has lost nothing. */
      readonly trustRestart: boolean;
      /** How many replicas must have a message before it is answered and shown. */
      readonly wait: number;
    };
