import type { Authorize } from "./http/authorize.ts";
import type { Logger } from "./logger.ts";

/**
 * What {@link createForeverframe} takes: every setting of docs/configuration.md that is not about
 * listening, and what only a program can give.
 *
 * A test holds the names, ranges and defaults here to those of `src/settings/settings.ts`.
 */
export interface ForeverframeOptions {
  /**
   * Decides who may do what over HTTP. Without it, only programs of this machine may call, unless
   * `open` is true.
   */
  readonly authorize?: Authorize | undefined;
  /** Takes log lines. By default, warnings and errors go to standard error as lines of JSON. */
  readonly logger?: Logger | undefined;
  /** Without `authorize`: let everybody call who reaches the server. By default off. */
  readonly open?: boolean | undefined;
  /**
   * File with the secret, 32 bytes or more, that HS256 tokens are signed with; none if empty. By
   * default none.
   */
  readonly secretFile?: string | undefined;
  /**
   * URL or file of the JWK set with the public keys of RS256, ES256 and EdDSA tokens; none if
   * empty. By default none.
   */
  readonly jwks?: string | undefined;
  /** The "iss" that tokens must have; any if empty. By default none. */
  readonly issuer?: string | undefined;
  /** The "aud" that tokens must have; any if empty. By default none. */
  readonly audience?: string | undefined;
  /**
   * URL of your application that is asked who may do what, by the cookies of the request; none if
   * empty. By default none.
   */
  readonly authorizeUrl?: string | undefined;
  /**
   * Header in which a trusted proxy names the user whom it has signed in, such as X-Remote-User;
   * none if empty. By default none.
   */
  readonly userHeader?: string | undefined;
  /** Directory of the durable log. By default `"./data"`. */
  readonly data?: string | undefined;
  /** Keep the log in memory: it ends with the process. By default off. */
  readonly memory?: boolean | undefined;
  /**
   * Where the log is: lmdb:DIRECTORY, memory:, redis://HOST:PORT/DATABASE,
   * redis-sentinel://HOST:PORT,.../MASTER or redis-cluster://HOST:PORT,...; as --data and --memory
   * say if empty. By default none.
   */
  readonly log?: string | undefined;
  /** What the names of the log's keys in Redis begin with, in braces. By default `"ff:"`. */
  readonly redisPrefix?: string | undefined;
  /**
   * Believe that a Redis that was started again, or replaced by its replica, has lost nothing. By
   * default off.
   */
  readonly redisTrustRestart?: boolean | undefined;
  /**
   * Replicas of Redis that must have a message before it is answered 201 and shown to anybody; 0
   * for none. From 0 to 16; by default 0.
   */
  readonly redisWait?: number | undefined;
  /**
   * Directory of your own pages, which are served before the built-in ones; none if empty. By
   * default none.
   */
  readonly pages?: string | undefined;
  /**
   * Host:port of Gearman job servers, whose jobs become messages, with commas; none if empty. By
   * default none.
   */
  readonly gearman?: string | undefined;
  /**
   * Functions to take jobs of, and the channel for each: function=channel, such as getmsg=doors. By
   * default none.
   */
  readonly gearmanFunction?: readonly string[] | undefined;
  /**
   * URL of your application that is told which streams are opened and closed; none if empty. By
   * default none.
   */
  readonly eventsUrl?: string | undefined;
  /**
   * File with the secret, 32 bytes or more, that what goes to --events-url is signed with; none if
   * empty. By default none.
   */
  readonly eventsSecretFile?: string | undefined;
  /** Token of the admin routes; generated if empty. By default none. */
  readonly adminToken?: string | undefined;
  /** Let everybody read GET /metrics, without the admin token. By default off. */
  readonly metricsOpen?: boolean | undefined;
  /**
   * Names that the Host header may have, besides loopback's and those of --host. By default
   * none.
   */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * Addresses and networks of proxies whose Forwarded or X-Forwarded-For, -Host and -Proto are
   * believed, such as 10.0.0.0/8. By default none.
   */
  readonly trustedProxies?: readonly string[] | undefined;
  /**
   * Origins of other sites whose pages may call this server, such as https://intranet.example. By
   * default none.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /**
   * Answer polls with a callback as scripts (JSONP), for pages of the allowed origins. By default
   * off.
   */
  readonly jsonp?: boolean | undefined;
  /**
   * Streams open at once; 0 for as many as the limit of open files allows. From 0 to
   * 1,000,000; by default 0.
   */
  readonly maxStreams?: number | undefined;
  /**
   * Streams of one address; 0 for three quarters of all, so that one address can't take them all.
   * From 0 to 1,000,000; by default 0.
   */
  readonly maxStreamsPerAddress?: number | undefined;
  /**
   * Streams of one user (the subject of a token); 0 for three quarters of all. From 0 to 1,000,000;
   * by default 0.
   */
  readonly maxStreamsPerSubject?: number | undefined;
  /** Streams of one client's name. From 1 to 1,000,000; by default 100. */
  readonly maxStreamsPerClient?: number | undefined;
  /** Selectors of one stream. From 1 to 64; by default 64. */
  readonly maxSelectors?: number | undefined;
  /** Channels that keep messages. From 1 to 100,000,000; by default 100,000. */
  readonly maxChannels?: number | undefined;
  /** Bytes of one message's data as it was sent. From 1 to 16,777,216; by default 65,536. */
  readonly maxMessageBytes?: number | undefined;
  /** Bytes of the body of an NDJSON batch. From 1 to 67,108,864; by default 4,194,304. */
  readonly maxBatchBytes?: number | undefined;
  /** Messages in one batch. From 1 to 100,000; by default 5,000. */
  readonly maxBatchMessages?: number | undefined;
  /** Channels of one publish. From 1 to 100,000; by default 2,000. */
  readonly maxPublishChannels?: number | undefined;
  /**
   * Publishes of one address, and of one user, in a second; 0 for no limit. From 0 to 10,000,000;
   * by default 20,000.
   */
  readonly publishesPerSecond?: number | undefined;
  /**
   * Publish connections (POST /publish) open at once in one process. From 1 to 100,000; by default
   * 1,000.
   */
  readonly maxPublishConnections?: number | undefined;
  /** Bytes of publishes waiting for the log. From 1,024 to 1,073,741,824; by default 67,108,864. */
  readonly maxPendingBytes?: number | undefined;
  /** Idempotency keys remembered at once. From 1 to 100,000,000; by default 1,000,000. */
  readonly maxIdempotencyKeys?: number | undefined;
  /** Receipts of closed streams kept. From 1 to 10,000,000; by default 100,000. */
  readonly maxReceipts?: number | undefined;
  /** How long a receipt is kept, in ms. From 1 to 86,400,000; by default 60,000. */
  readonly receiptMs?: number | undefined;
  /**
   * Memory for request bodies being read, and the same again for answers that clients have not
   * read, in bytes; beyond it, the client that holds most is cut off. From 1,048,576 to
   * 17,179,869,184; by default 134,217,728.
   */
  readonly maxBufferedBytes?: number | undefined;
  /** Longest silence on a stream, in ms. From 50 to 600,000; by default 10,000. */
  readonly heartbeatMs?: number | undefined;
  /**
   * End a stream whose client has read nothing for this long, in ms. From 100 to 3,600,000; by
   * default 30,000.
   */
  readonly stallMs?: number | undefined;
  /**
   * Bytes after which a display frame is replaced by a new one, give or take 25 %; 0 for never.
   * From 0 to 1,073,741,824; by default 1,048,576.
   */
  readonly recycleBytes?: number | undefined;
  /**
   * Age at which a display frame is replaced, give or take 25 %, in ms; 0 for never. From 0 to
   * 2,592,000,000; by default 3,600,000.
   */
  readonly recycleMs?: number | undefined;
  /**
   * Age at which any stream but a poll's is ended, to be opened again from where it is, give or
   * take 25 %, in ms; 0 for never. From 0 to 2,592,000,000; by default 86,400,000.
   */
  readonly maxStreamAgeMs?: number | undefined;
  /**
   * How long a long-poll stream is kept beyond its wait when no other poll comes, in ms. From 100
   * to 86,400,000; by default 60,000.
   */
  readonly pollKeptMs?: number | undefined;
  /** Messages kept of each channel. From 1 to 1,000,000,000; by default 1,000. */
  readonly retainMessages?: number | undefined;
  /** How long a message is kept, in ms. From 1,000 to 315,360,000,000; by default 86,400,000. */
  readonly retainMs?: number | undefined;
  /**
   * What to keep of some channels: pattern=messages/ms, the first that matches counts, such as
   * log.**=100/3600000. By default none.
   */
  readonly retention?: readonly string[] | undefined;
  /**
   * Bytes of messages kept, beyond which publishes are refused; 0 for no limit. From 0 to
   * 1,125,899,906,842,624; by default 10,737,418,240.
   */
  readonly maxLogBytes?: number | undefined;
  /**
   * Pause between two looks for messages to remove, in ms. From 10 to 3,600,000; by default 1,000.
   */
  readonly trimMs?: number | undefined;
  /** Longest wait for connections when stopping, in ms. From 100 to 600,000; by default 10,000. */
  readonly drainMs?: number | undefined;
  /**
   * How long clients wait on average before they come back after a stop, in ms. From 1 to 600,000;
   * by default 5,000.
   */
  readonly retryMs?: number | undefined;
}
