import type { Context } from "koa";
import { isClientName, MAX_CLIENT_BYTES } from "../core/client-name.ts";
import { covers } from "../core/covers.ts";
import type { Hub } from "../core/hub.ts";
import type { Principal } from "../core/principal.ts";
import type { Ticket } from "../core/tickets.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import type { AdminToken } from "./admin-token.ts";
import type { Action, Authorize, AuthorizeQuestion, Permission } from "./authorize.ts";
import { bearerToken, credentialsOf, isAmbient } from "./credentials.ts";
import type { Guesses } from "./guesses.ts";
import { tellsItsSource } from "./middleware/access.ts";
import { parameter } from "./parameters.ts";
import { userOf } from "./user-header.ts";

/** What a request may do. */
export interface Grant {
  readonly client: string | null;
  /** Whether the request might have given any name of a client. */
  readonly mayNameClient: boolean;
  /** Null where nobody says who asks. */
  readonly principal: Principal | null;
  /** Null for no limit. */
  readonly expiresInMs: number | null;
  /** Whether it may act on what belongs to others. */
  readonly isAdmin: boolean;
}

/** What decides, where it knows more of who asks than an application may say. */
export interface Decision extends Permission {
  readonly principal?: Principal | null | undefined;
  readonly isAdmin?: boolean | undefined;
}

/** Who decides about requests, and what it depends on. */
export interface AuthorizationOptions {
  /** Null where everybody may do everything. */
  readonly authorize: Authorize | null;
  readonly adminToken: AdminToken;
  /** The header in which a proxy names the user, in lower case; empty for none. */
  readonly userHeader: string;
  readonly hub: Pick<Hub, "takeTicket" | "revocations">;
  readonly guesses: Guesses;
  /** Unix ms. */
  readonly now: () => number;
}

/** A ticket has this form; nothing else is looked for. */
const TICKET = /^[\w.-]{22,64}$/;

/** Decides what each request may do: by its ticket, or by who decides. */
export class Authorization {
  readonly #options: AuthorizationOptions;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
  }

  /** Whether there is somebody to ask. */
  get isAsked(): boolean {
    return this.#options.authorize !== null;
  }

  /**
   * Ask whether a request may do something.
   *
   * @throws ForeverframeError FF_FORBIDDEN, FF_ORIGIN_REFUSED; FF_TICKET_INVALID; what tokens are
   *   refused with; FF_AUTH_UNAVAILABLE
   */
  async check(ctx: Context, question: AuthorizeQuestion): Promise<Grant> {
    const ticket = question.action === "subscribe" ? parameter(ctx, "ticket") : null;
    if (ticket !== null) return this.#checkTicket(ctx, ticket, question);
    const { authorize, adminToken, userHeader, hub, now } = this.#options;
    // One that could be guessed is taken by the admin routes only, which count guesses.
    const isAdmin = !adminToken.isGuessable && adminToken.is(bearerToken(ctx.req.headers));
    if (authorize === null || isAdmin) {
      const { client } = question;
      return { client, mayNameClient: true, principal: null, expiresInMs: null, isAdmin: true };
    }
    if (isAmbient(ctx.req, userOf(ctx.req, userHeader) !== null)) checkSource(ctx, question);
    const answer = await authorize(ctx.req, question);
    const decision: Decision = typeof answer === "boolean" ? { allow: answer } : answer;
    checkPermission(decision);
    const { allow, client = question.client, subject = null } = decision;
    const { expiresInMs = null, principal = principalOf(subject, now()) } = decision;
    if (!allow || (expiresInMs !== null && expiresInMs <= 0)) {
      throw new ForeverframeError(
        "FF_FORBIDDEN",
        `The application does not allow you to ${describeAction(question)}: sign in, or ask its operator for access`,
      );
    }
    if (hub.revocations.concern({ principal, client }, now())) throw revoked();
    const isLimited = Number.isFinite(expiresInMs);
    return {
      client,
      mayNameClient: decision.client === undefined,
      principal,
      expiresInMs: isLimited ? expiresInMs : null,
      isAdmin: decision.isAdmin ?? false,
    };
  }

  /** A ticket allows what it was issued for, once. */
  async #checkTicket({ req }: Context, id: string, question: AuthorizeQuestion): Promise<Grant> {
    const { hub, guesses, now } = this.#options;
    if (credentialsOf(req).length > 0) {
      throw new ForeverframeError(
        "FF_REQUEST_INVALID",
        "The request carries a ticket and a token: send one of them",
      );
    }
    guesses.check(req);
    const ticket = TICKET.test(id) ? await hub.takeTicket(id) : null;
    const isOver = ticket?.expiresAt != null && ticket.expiresAt <= now();
    if (ticket === null || isOver || hub.revocations.concern(ticket, now())) {
      guesses.note(req);
      throw new ForeverframeError(
        "FF_TICKET_INVALID",
        "The ticket was used, has ended, or never was one: get another one by POST /tickets",
      );
    }
    if (!ticketAllows(ticket, question)) {
      throw new ForeverframeError(
        "FF_FORBIDDEN",
        `The ticket does not allow you to ${describeAction(question)}: get one for this by POST /tickets`,
      );
    }
    const { mayNameClient, principal, expiresAt } = ticket;
    const expiresInMs = expiresAt === null ? null : expiresAt - now();
    const client = mayNameClient ? question.client : ticket.client;
    return { client, mayNameClient, principal, expiresInMs, isAdmin: false };
  }
}

function ticketAllows(ticket: Ticket, { channels, client }: AuthorizeQuestion): boolean {
  if (client !== null && !ticket.mayNameClient && client !== ticket.client) return false;
  return areCovered(channels, ticket.channels);
}

/** Whether each of the selectors is within one of those that are granted. */
export function areCovered(asked: readonly string[], granted: readonly string[]): boolean {
  return asked.every((one) => granted.some((selector) => covers(selector, one)));
}

function principalOf(subject: string | null, now: number): Principal | null {
  return subject === null ? null : { subject, tokenId: null, issuedAt: now, keyId: null };
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

/**
 * What a browser sends by itself comes also with what a page of another site asks for. So where the
 * answer can be read as a script, or where the request changes something, the browser has to say
 * where it comes from.
 *
 * @throws ForeverframeError FF_ORIGIN_REFUSED
 */
function checkSource(ctx: Context, { action }: AuthorizeQuestion): void {
  const isScript = parameter(ctx, "transport") === "poll" && parameter(ctx, "callback") !== null;
  if (isScript) {
    throw new ForeverframeError(
      "FF_ORIGIN_REFUSED",
      "A poll with a callback is not answered by a cookie, since any page could read its answer: leave the callback out, or bring a ticket",
    );
  }
  const isReading = (ctx.method === "GET" || ctx.method === "HEAD") && action === "subscribe";
  if (isReading || tellsItsSource(ctx.req)) return;
  throw new ForeverframeError(
    "FF_ORIGIN_REFUSED",
    'A request that a cookie authorizes and that changes something must say where it comes from: send Origin or Referer, or a token as "Authorization: Bearer"',
  );
}

/** A faulty function must not allow what it did not mean to. */
function checkPermission(permission: unknown): asserts permission is Permission {
  if (typeof permission === "object" && permission !== null && "allow" in permission) {
    const { allow, client, subject, expiresInMs } = permission as Record<string, unknown>;
    const areNames = [client, subject].every((name) => name == null || isName(name));
    const isTime = expiresInMs === undefined || expiresInMs === null || isNumber(expiresInMs);
    if (typeof allow === "boolean" && areNames && isTime) return;
  }
  throw new TypeError(
    `authorize() must return true, false, or {allow: boolean, client?: string, subject?: string, expiresInMs?: number}, with names of 1 to ${MAX_CLIENT_BYTES} bytes without control characters`,
  );
}

function isName(value: unknown): boolean {
  return typeof value === "string" && isClientName(value);
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && !Number.isNaN(value);
}

function revoked(): ForeverframeError {
  return new ForeverframeError(
    "FF_TOKEN_INVALID",
    "What allowed this has been revoked: sign in again, or ask who issues tokens for another one",
  );
}
