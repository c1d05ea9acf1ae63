import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Context, Middleware } from "koa";
import type { AccessOptions } from "./access.ts";

/**
 * What a browser lets the document of an answer do: https://www.w3.org/TR/CSP3/
 *
 * - `frame`: the display frame, whose events are scripts in it. They have no nonce, since their
 *   bytes are the same for all who get them: whoever may read the channel would know it.
 * - `control`: the control frame, which works without script but tells its page by one. Browsers of
 *   CSP 1 know no nonce, and all others ignore 'unsafe-inline' beside one.
 * - `page`: a built-in page.
 * - `ownPage`: one of `--pages`, which may be written in any way.
 * - `data`: everything else, which is not a document.
 */
const POLICIES = {
  frame: "default-src 'none'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
  control:
    "default-src 'none'; style-src 'self' 'nonce-NONCE' 'unsafe-inline'; script-src 'nonce-NONCE' 'unsafe-inline'; base-uri 'none'; form-action 'self'",
  page: "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'",
  ownPage: "object-src 'none'; base-uri 'self'",
  data: "default-src 'none'; base-uri 'none'; form-action 'none'",
} as const;

/** One of {@link POLICIES}. */
export type PolicyName = keyof typeof POLICIES;

const nonces = new WeakMap<IncomingMessage, string>();

/** The nonce of the scripts and styles in the answer to a request. */
export function nonceOf({ req }: Context): string {
  let nonce = nonces.get(req);
  if (nonce === undefined) {
    nonce = randomBytes(16).toString("base64");
    nonces.set(req, nonce);
  }
  return nonce;
}

/**
 * The header for one kind of document. Other sites than the allowed ones may not put it into frames
 * of theirs.
 */
export function formatPolicy(
  name: PolicyName,
  { origins }: Pick<AccessOptions, "origins">,
  nonce = "",
): string {
  const policy = POLICIES[name].replaceAll("NONCE", nonce);
  return `${policy}; ${["frame-ancestors 'self'", ...origins].join(" ")}`;
}

/**
 * Say with every answer what a browser may make of it; pages are served with a policy of their own.
 */
export function policyMiddleware(access: AccessOptions): Middleware {
  const fixed = { frame: formatPolicy("frame", access), data: formatPolicy("data", access) };
  return async (ctx, next) => {
    const name = policyOf(ctx.path);
    ctx.set({
      "Content-Security-Policy":
        name === "control" ? formatPolicy(name, access, nonceOf(ctx)) : fixed[name],
      "Cross-Origin-Resource-Policy": "same-origin",
      "X-Content-Type-Options": "nosniff",
    });
    // The older header knows no list.
    if (access.origins.length === 0) ctx.set("X-Frame-Options", "SAMEORIGIN");
    await next();
  };
}

function policyOf(path: string): "frame" | "control" | "data" {
  if (path === "/stream") return "frame";
  return /^\/(?:control|streams\/[^/]*\/close)$/.test(path) ? "control" : "data";
}
