import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isClientName } from "../core/client-name.ts";
import { Oldest } from "../core/oldest.ts";
import type { Revocations } from "../core/revocations.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import type { Decision } from "../http/authorization.ts";
import type { AuthorizeQuestion } from "../http/authorize.ts";
import { hasLeft } from "../http/connection/carriers.ts";
import { fetchText } from "../http/fetch-text.ts";
import { addressOf } from "../http/forwarded.ts";
import { callerOf } from "../http/guesses.ts";
import type { Logger } from "../logger.ts";
import { Circuit } from "./circuit.ts";
import { FairLine } from "./fair-line.ts";

/** How long the application may take to answer, in ms. */
const ANSWER_MS = 5_000;

/**
 * An answer that allows something is used again for this long, in ms, but only for half of the time
 * that it gives: a stream is renewed after that half.
 */
const REUSE_MS = 10_000;

/** Most answers that are kept for that. */
const MAX_KEPT = 10_000;

/**
 * Most questions that are asked at once, those of one caller among them, and those that wait to be
 * asked. Some places are left to others by a caller whose questions the application does not
 * answer, as where its session is locked.
 */
const LINE = { maxRunning: 32, maxRunningEach: 24, maxWaiting: 1_000 };

/** Most bytes of an answer. */
const MAX_ANSWER_BYTES = 65_536;

/** Statuses by which a server says that it can't answer now, whatever is asked. */
const DOWN: ReadonlySet<number> = new Set([502, 503, 504]);

/** A fault of the application is logged at most this often, in ms. */
const LOG_MS = 60_000;

/** What asking depends on. */
export interface AuthorizeUrlOptions {
  readonly url: string;
  /** Names the user of a request, as a trusted proxy does; null for nobody. */
  readonly userOf: (request: IncomingMessage) => string | null;
  readonly revocations: Pick<Revocations, "concern">;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly unixNow: () => number;
  readonly logger: Logger;
}

/** An answer, when it was asked for, and until when it may be used again (both monotonic ms). */
interface Kept {
  readonly decision: Decision;
  readonly askedAt: number;
  readonly until: number;
}

/** A question that waits for its answer. */
interface Asked {
  readonly answer: Promise<Kept>;
  /** Those who have asked it. */
  readonly requests: IncomingMessage[];
}

/**
 * Asks the application about requests, at its URL.
 *
 * One question is asked at a time for equal requests. While the application does not answer, nobody
 * is refused for good: FF_AUTH_UNAVAILABLE lets clients try again.
 */
export class AuthorizeUrl {
  readonly #options: AuthorizeUrlOptions;
  readonly #circuit: Circuit;
  readonly #asked = new Map<string, Asked>();
  readonly #kept = new Map<string, Kept>();
  readonly #oldest = new Oldest(this.#kept);
  readonly #line = new FairLine(LINE);
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: AuthorizeUrlOptions) {
    this.#options = options;
    this.#circuit = new Circuit(options.now);
  }

  /**
   * Ask whether a request may do something.
   *
   * @throws ForeverframeError FF_AUTH_UNAVAILABLE
   */
  readonly authorize = async (
    request: IncomingMessage,
    question: AuthorizeQuestion,
  ): Promise<Decision> => {
    const { now, userOf } = this.#options;
    const { cookie, authorization } = request.headers;
    const body = JSON.stringify({
      ...question,
      address: addressOf(request),
      user: userOf(request) ?? undefined, // left out where there is nobody
      headers: { cookie, authorization },
    });
    const key = createHash("sha256").update(body).digest("base64");
    const kept = this.#keptAnswer(key, question) ?? (await this.#askOnce(key, body, request));
    const { expiresInMs = null, ...decision } = kept.decision;
    const age = now() - kept.askedAt;
    return { ...decision, expiresInMs: expiresInMs === null ? null : expiresInMs - age };
  };

  #keptAnswer(key: string, question: AuthorizeQuestion): Kept | null {
    const kept = this.#kept.get(key);
    if (kept === undefined) return null;
    if (kept.until > this.#options.now() && !this.#isRevoked(kept, question)) return kept;
    this.#kept.delete(key);
    return null;
  }

  /** Whether an answer was taken back since: the application may say another one now. */
  #isRevoked({ decision }: Kept, question: AuthorizeQuestion): boolean {
    const { revocations, unixNow } = this.#options;
    const { principal = null, client = question.client } = decision;
    return revocations.concern({ principal, client }, unixNow());
  }

  #askOnce(key: string, body: string, request: IncomingMessage): Promise<Kept> {
    const earlier = this.#asked.get(key);
    if (earlier !== undefined) {
      earlier.requests.push(request);
      return earlier.answer;
    }
    const requests = [request];
    // Its address is part of the key, so that all who ask it are one caller.
    const asking = this.#askInTurn(callerOf(request), body, requests);
    const answer = asking.finally(() => this.#asked.delete(key));
    this.#asked.set(key, { answer, requests });
    answer.then((kept) => this.#keep(key, kept)).catch(() => {});
    return answer;
  }

  /** Only what is allowed: somebody who signs in must not be refused by an answer from before. */
  #keep(key: string, kept: Kept): void {
    if (!kept.decision.allow) return;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size > MAX_KEPT) this.#oldest.take();
  }

  async #askInTurn(
    caller: string,
    body: string,
    requests: readonly IncomingMessage[],
  ): Promise<Kept> {
    if (!this.#circuit.mayAsk(caller)) throw unavailable();
    const isTryout = this.#circuit.isOpen(caller);
    if (!(await this.#line.begin(caller))) throw unavailable();
    try {
      // Meanwhile it may count as down, or nobody may want to know any more.
      if (this.#circuit.isOpen(caller) && !isTryout) throw unavailable();
      if (requests.every(hasLeft)) throw unavailable();
      return await this.#ask(caller, body);
    } finally {
      this.#line.end(caller);
    }
  }

  async #ask(caller: string, body: string): Promise<Kept> {
    const { url, now, unixNow } = this.#options;
    const askedAt = now();
    const issuedAt = unixNow();
    let status: number;
    let text: string;
    try {
      const headers = { "Content-Type": "application/json", Accept: "application/json" };
      const request = { method: "POST", headers, body, redirect: "manual" } as const;
      const limits = { ms: ANSWER_MS, maxBytes: MAX_ANSWER_BYTES };
      ({ status, text } = await fetchText(url, request, limits));
    } catch (cause) {
      this.#circuit.failed(caller);
      this.#log(`does not answer: ${reasonOf(cause)}`);
      throw unavailable();
    }
    if (DOWN.has(status)) this.#circuit.failed(caller);
    else this.#circuit.succeeded(caller);
    if (status >= 500 || status === 429) {
      this.#log(`answers with the status ${status}`);
      throw unavailable();
    }
    const decision = status === 200 ? parseDecision(text, issuedAt) : { allow: false };
    if (decision === null) {
      // Such as the page for signing in, which an application shows whoever is not signed in.
      this.#log('answers 200 without {"allow":true} or {"allow":false}: this refuses the request');
      return { decision: { allow: false }, askedAt, until: askedAt };
    }
    const reuseMs = Math.min(REUSE_MS, (decision.expiresInMs ?? Number.POSITIVE_INFINITY) / 2);
    return { decision, askedAt, until: askedAt + reuseMs };
  }

  #log(what: string): void {
    const { url, logger, now } = this.#options;
    if (now() - this.#loggedAt < LOG_MS) return;
    this.#loggedAt = now();
    const { origin, pathname } = new URL(url);
    logger.warn({ authorizeUrl: origin + pathname }, `the application at --authorize-url ${what}`);
  }
}

/**
 * Null for what is no answer.
 *
 * @param issuedAt Unix ms at which it was asked for
 */
function parseDecision(text: string, issuedAt: number): Decision | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof answer !== "object" || answer === null) return null;
  const { allow, client, subject, expiresInMs = null } = answer as Record<string, unknown>;
  if (typeof allow !== "boolean" || !isName(client) || !isName(subject)) return null;
  if (expiresInMs !== null && (typeof expiresInMs !== "number" || Number.isNaN(expiresInMs)))
    return null;
  const named = client === undefined ? {} : { client };
  // Not of the moment at which the answer is used: a revocation in between has to count.
  const principal = { subject: subject ?? null, tokenId: null, issuedAt, keyId: null };
  return { allow, ...named, principal, expiresInMs };
}

function isName(value: unknown): value is string | null | undefined {
  return value == null || (typeof value === "string" && isClientName(value));
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? shorten(cause.message || cause.name) : "for no known reason";
}

function unavailable(): ForeverframeError {
  return new ForeverframeError(
    "FF_AUTH_UNAVAILABLE",
    "The application that decides who may do this does not answer now: try again later",
  );
}
