/** Requests to the server, with the token of who has signed in. */

const KEY = "foreverframe-admin-token";

/** The server's base: this page is in a folder of it. */
const BASE = "../";

/** How long an answer may take, in ms: otherwise old figures would stand there as if they were new. */
const ANSWER_MS = 20_000;

let token = sessionStorage.getItem(KEY) ?? "";

/** What a request was refused with. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** The token of who has signed in; empty for nobody. */
export function currentToken() {
  return token;
}

/** Keep the token for as long as this tab is open. */
export function signIn(value) {
  token = value;
  sessionStorage.setItem(KEY, value);
}

/** Forget the token. */
export function signOut() {
  token = "";
  sessionStorage.removeItem(KEY);
}

/** Ask the server, and return the JSON of its answer. Throws a {@link Refusal}. */
export async function ask(method, path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const signal = AbortSignal.timeout(ANSWER_MS);
  let answer;
  let text;
  try {
    answer = await fetch(BASE + path, { method, headers, body, signal, cache: "no-store" });
    text = await answer.text();
  } catch {
    throw new Refusal(0, "The server can't be reached: what is shown is old");
  }
  const value = parse(text);
  if (answer.ok) return value;
  throw new Refusal(answer.status, value?.detail ?? `The server answers ${answer.status}`);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
