import { readFileSync } from "node:fs";
import { ForeverframeError, shorten } from "../errors.ts";
import { parseUrl } from "../parse-url.ts";

/** How long an answer may take to begin, and a short one to end, in ms. */
const ANSWER_MS = 15_000;

/**
 * Address of one of the server's routes.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function routeUrl(base: string, path: string): URL {
  const url = parseUrl(base);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === "")
    return new URL(path, base.endsWith("/") ? base : `${base}/`);
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--url ${shorten(base)} is not an address: write one such as http://127.0.0.1:8080, without a user's name`,
  );
}

/**
 * The header with the token of a file, which is read anew for each request: somebody may renew it.
 *
 * @param tokenFile undefined for no token
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function tokenHeader(tokenFile: string | undefined): Readonly<Record<string, string>> {
  if (tokenFile === undefined) return {};
  let token: string;
  try {
    token = readFileSync(tokenFile, "utf8").trim();
  } catch (cause) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      `--token-file ${shorten(tokenFile)} can't be read (${(cause as NodeJS.ErrnoException).code}): give the file that holds the token`,
      { cause },
    );
  }
  if (/^[\x21-\x7e]+$/.test(token)) return { Authorization: `Bearer ${token}` };
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--token-file ${shorten(tokenFile)} does not hold one token on one line: make one with "foreverframe token"`,
  );
}

/** A request that was not answered, or answered with a refusal. */
export class RequestError extends ForeverframeError {
  /** The status of the refusal; null where nobody answered. */
  readonly answered: number | null;

  constructor(answered: number | null, message: string, options?: ErrorOptions) {
    super("FF_REQUEST_INVALID", message, options);
    this.answered = answered;
  }

  /** Whether the request lacks a token that allows it: then all others like it do too. */
  get isForbidden(): boolean {
    return this.answered === 401 || this.answered === 403;
  }

  /** Whether the same request may be taken later. */
  get isTemporary(): boolean {
    return this.answered === null || this.answered === 503 || this.answered === 429;
  }
}

/**
 * Make a request, and wait until its answer begins.
 *
 * @throws RequestError
 */
export async function request(url: URL, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetchHead(url, init);
  } catch (error) {
    throw failure(url, error);
  }
  if (response.ok) return response;
  throw refusedError(response.status, await readAnswer(url, response, MAX_REFUSAL_BYTES));
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

/** What it means that a request failed. */
function failure(url: URL, error: unknown): RequestError {
  if (isTimeout(error)) {
    return new RequestError(
      null,
      `The server at ${url.origin} has not answered in time: see whether it hangs, or a proxy before it`,
      { cause: error },
    );
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const fault =
    reason === "bad port" ? "no browser calls this port, and no program like this" : reason;
  return new RequestError(
    null,
    `There is no server at ${url.origin} (${shorten(fault)}): start one with "foreverframe serve", or give its --url`,
    { cause },
  );
}

/** The largest answer that is read: some thousands of streams with many long selectors. */
const MAX_ANSWER_BYTES = 134_217_728;

/** The largest refusal that is read. */
export const MAX_REFUSAL_BYTES = 65_536;

/**
 * Read the text of an answer.
 *
 * @param maxBytes nothing is read beyond it
 * @throws RequestError: it broke off, or is too long
 */
export async function readAnswer(url: URL, response: Response, maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of response.body ?? []) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > maxBytes) break; // cancels the rest
    }
  } catch (error) {
    if (isTimeout(error)) throw failure(url, error);
    throw new RequestError(
      null,
      `The answer of ${url.origin} broke off: see whether the server, or a proxy before it, was stopped`,
      { cause: error },
    );
  }
  if (bytes > maxBytes) {
    throw new RequestError(
      response.status,
      `What answers at ${url.origin} is no Foreverframe server: its answer has more than ${maxBytes} bytes`,
    );
  }
  return Buffer.concat(pieces).toString("utf8");
}

/**
 * fetch(), with an end. Where a proxy takes connections and closes them at once, fetch() waits for
 * ever and keeps no process alive: a command would end in silence, with the code 13 of Node.js.
 */
async function fetchHead(url: URL, init: RequestInit): Promise<Response> {
  const givingUp = new AbortController();
  const timer = setTimeout(
    () => givingUp.abort(new DOMException("No answer began", "TimeoutError")),
    ANSWER_MS,
  );
  try {
    const signals = [givingUp.signal, ...(init.signal == null ? [] : [init.signal])];
    return await fetch(url, { ...init, signal: AbortSignal.any(signals) });
  } finally {
    clearTimeout(timer);
  }
}

/** What a refusal says to people, of its body. */
export function refusedError(status: number, body: string): RequestError {
  return new RequestError(status, `The server refused (${status}): ${detailOf(body)}`);
}

/**
 * Make a request whose answer is JSON.
 *
 * @param init its `signal` replaces the limit of time for the whole answer
 * @returns the answer, whose form is not checked
 * @throws RequestError
 * @throws ForeverframeError FF_CONFIG_INVALID: something else answers at this address
 */
export async function requestJson<T>(url: URL, init: RequestInit = {}): Promise<T> {
  const response = await request(url, { signal: AbortSignal.timeout(ANSWER_MS), ...init });
  const text = await readAnswer(url, response, MAX_ANSWER_BYTES);
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      `--url leads to something that answers "${shorten(text.replace(/\s+/g, " "))}" at ${url.pathname}: give the address of a Foreverframe server, with its path behind a proxy`,
      { cause },
    );
  }
}

function detailOf(body: string): string {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem === "object" && problem !== null && "detail" in problem) {
      return String(problem.detail);
    }
  } catch {
    // Not one of our answers: perhaps a proxy's page.
  }
  return shorten(body.replace(/\s+/g, " "));
}
