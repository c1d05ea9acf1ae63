import type { IncomingMessage } from "node:http";
import type { Context } from "koa";
import { ForeverframeError, shorten } from "../errors.ts";

/**
 * What a request wants to do: `subscribe` opens a stream, polls or reads; `publish` publishes; `close` ends one stream
 * by its id; `admin` lists, ends all streams of a client or a channel, and deletes.
 */
export type Action = "subscribe" | "publish" | "close" | "admin";

/** What an application is asked about a request. */
export interface AuthorizeQuestion {
  readonly action: Action;
  /** Channel names; of `subscribe` selectors, which may be patterns. Empty where the action is about none. */
  readonly channels: readonly string[];
  /** The client's name as the request gives it; of `close` the one of the stream; null for none. */
  readonly client: string | null;
}

/** What an application allows. */
export interface Permission {
  readonly allow: boolean;
  /** The client's name, in place of the one that the request gives; absent leaves that as it is. */
  readonly client?: string | null | undefined;
  /** How long a stream may be open, in ms: then it ends with `expired`. Absent or null for no limit. */
  readonly expiresInMs?: number | null | undefined;
}

/**
 * Decides whether a request may do something, by its cookies or whatever else it carries.
 *
 * `request.url` is relative to the mount. What it throws is answered 500 and logged, a ForeverframeError as it says.
 */
export type Authorize = (
  request: IncomingMessage,
  question: AuthorizeQuestion,
) => boolean | Permission | Promise<boolean | Permission>;

/** What a request may do. */
export interface Grant {
  readonly client: string | null;
  /** Null for no limit. */
  readonly expiresInMs: number | null;
}

/** Asks the application about requests; without an `authorize` function, everything is allowed. */
export class Authorization {
  readonly #authorize: Authorize | null;

  constructor(authorize: Authorize | null) {
    this.#authorize = authorize;
  }

  /** Whether there is somebody to ask. */
  get isAsked(): boolean {
    return this.#authorize !== null;
  }

  /**
   * Ask whether a request may do something.
   *
   * @throws ForeverframeError FF_FORBIDDEN
   */
  async check({ req }: Context, question: AuthorizeQuestion): Promise<Grant> {
    if (this.#authorize === null) return { client: question.client, expiresInMs: null };
    const answer = await this.#authorize(req, question);
    const permission = typeof answer === "boolean" ? { allow: answer } : answer;
    checkPermission(permission);
    const { allow, client = question.client, expiresInMs = null } = permission;
    if (allow && (expiresInMs === null || expiresInMs > 0)) {
      return { client, expiresInMs: Number.isFinite(expiresInMs) ? expiresInMs : null };
    }
    const what = question.channels.length > 0 ? ` "${shorten(question.channels.join(","))}"` : "";
    throw new ForeverframeError(
      "FF_FORBIDDEN",
      `The application does not allow you to ${question.action}${what}: sign in, or ask who runs it for the right`,
    );
  }
}

/** A faulty function must not allow what it did not mean to. */
function checkPermission(permission: unknown): asserts permission is Permission {
  if (typeof permission === "object" && permission !== null && "allow" in permission) {
    const { allow, client, expiresInMs } = permission as Record<string, unknown>;
    const isClient = client === undefined || client === null || typeof client === "string";
    const isTime = expiresInMs === undefined || expiresInMs === null || isNumber(expiresInMs);
    if (typeof allow === "boolean" && isClient && isTime) return;
  }
  throw new TypeError(
    "authorize() must return true, false, or {allow: boolean, client?: string, expiresInMs?: number}",
  );
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && !Number.isNaN(value);
}
