import type { Context } from "koa";
import { ForeverframeError, shorten } from "../errors.ts";
import type { Action, Authorize, AuthorizeQuestion, Permission } from "./authorize.ts";

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
    throw new ForeverframeError(
      "FF_FORBIDDEN",
      `The application does not allow you to ${describeAction(question)}: sign in, or ask its operator for access`,
    );
  }
}

const VERBS: Readonly<Record<Action, string>> = {
  subscribe: "subscribe to",
  publish: "publish to",
  close: "close a stream",
  admin: "administer",
};

/** What a request wants to do, as a part of a sentence. */
export function describeAction({ action, channels }: AuthorizeQuestion): string {
  const what = channels.length > 0 ? ` "${shorten(channels.join(","))}"` : "";
  return `${VERBS[action]}${what}`;
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
