import { ForeverframeError, shorten } from "../errors.ts";

/**
 * Address of one of the server's routes.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function routeUrl(base: string, path: string): URL {
  if (URL.canParse(base) && /^https?:$/.test(new URL(base).protocol)) {
    return new URL(path, base.endsWith("/") ? base : `${base}/`);
  }
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--url ${shorten(base)} is no address: write one such as http://127.0.0.1:8080`,
  );
}

/** Whether a request failed because nobody was there to take it, or the connection broke. */
export class UnreachableError extends ForeverframeError {
  constructor(url: URL, cause: unknown) {
    const reason =
      cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    super(
      "FF_REQUEST_TIMEOUT",
      `There is no server at ${url.origin} (${shorten(reason)}): start one with "foreverframe serve", or give its --url`,
      { cause },
    );
  }
}

/**
 * Make a request.
 *
 * @throws UnreachableError
 * @throws ForeverframeError FF_REQUEST_INVALID: the server refused, in its own words
 */
export async function request(url: URL, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    throw new UnreachableError(url, cause);
  }
  if (response.ok) return response;
  const body = await response.text();
  throw new ForeverframeError(
    "FF_REQUEST_INVALID",
    `The server refused (${response.status}): ${detailOf(body)}`,
  );
}

function detailOf(body: string): string {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem === "object" && problem !== null && "detail" in problem)
      return String(problem.detail);
  } catch {
    // Not one of our answers: perhaps a proxy's page.
  }
  return shorten(body.replace(/\s+/g, " "));
}
