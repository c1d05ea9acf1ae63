import type { IncomingMessage } from "node:http";

/**
 * What a request wants to do.
 *
 * - `subscribe`: open a stream, poll, or read a channel's messages.
 * - `publish`: publish messages.
 * - `close`: close one stream by its id, which only its own client knows; see or acknowledge one
 *   that has a subject.
 * - `admin`: list streams and channels, close all streams of a client or a channel, delete a
 *   channel.
 */
export type Action = "subscribe" | "publish" | "close" | "admin";

/** What {@link Authorize} is asked about a request. */
export interface AuthorizeQuestion {
  readonly action: Action;
  /**
   * Channel names; for `subscribe`, selectors, which may be patterns such as `doors.**`. Empty if
   * the action is not about channels.
   */
  readonly channels: readonly string[];
  /**
   * The client's name that the request gives, or for `close` that the stream has; null for none.
   */
  readonly client: string | null;
}

/** What {@link Authorize} answers where true or false is not enough. */
export interface Permission {
  readonly allow: boolean;
  /**
   * Names the client, whatever the request calls itself. If absent, the request's own name stays.
   * Like `subject`, it has 1 to 128 bytes without control characters.
   */
  readonly client?: string | null | undefined;
  /**
   * Names the user. Streams, names of clients and idempotency keys belong to the user who was named
   * when they were first used: another one can't close them, take them over or use them. Nobody is
   * named if absent or null.
   */
  readonly subject?: string | null | undefined;
  /**
   * How long the stream may stay open, in ms; then it ends with `expired`. No limit if absent or
   * null.
   */
  readonly expiresInMs?: number | null | undefined;
}

/**
 * Decides whether a request may do something, by its cookies or anything else that it carries.
 *
 * `request.url` is relative to the mount. If it throws, nothing is allowed: the answer is 500, and
 * the error is logged; a ForeverframeError is answered with its own status and sentence.
 */
export type Authorize = (
  request: IncomingMessage,
  question: AuthorizeQuestion,
) => boolean | Permission | Promise<boolean | Permission>;
