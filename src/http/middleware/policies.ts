import type { Middleware } from "koa";
import type { AccessOptions } from "./access.ts";

/**
 * What a browser lets the document of an answer do: https://www.w3.org/TR/CSP3/
 *
 * `frame` is the display frame's, whose events are scripts in it; `control` the control frame's,
 * which works without script but tells its page by one; `page` a built-in page's; `ownPage` one of
 * `--pages`, which may be written in any way; `data` everything else, which is not a document.
 */
const POLICIES = {
  frame: "default-src 'none'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
  control:
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'self'",
  page: "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'",
  ownPage: "object-src 'none'; base-uri 'self'",
  data: "default-src 'none'; base-uri 'none'; form-action 'none'",
} as const;

/** One of {@link POLICIES}. */
export type PolicyName = keyof typeof POLICIES;

/** The header for one kind of document. Other sites may not put it into frames of theirs. */
export function formatPolicy(
  name: PolicyName,
  { origins }: Pick<AccessOptions, "origins">,
): string {
  return `${POLICIES[name]}; ${["frame-ancestors 'self'", ...origins].join(" ")}`;
}

/**
 * Say with every answer what a browser may make of it; pages are served with a policy of their own.
 */
export function policyMiddleware(access: AccessOptions): Middleware {
  return async (ctx, next) => {
    ctx.set({
      "Content-Security-Policy": formatPolicy(policyOf(ctx.path), access),
      "Cross-Origin-Resource-Policy": "same-origin",
      "X-Content-Type-Options": "nosniff",
    });
    // The older header knows no list.
    if (access.origins.length === 0) ctx.set("X-Frame-Options", "SAMEORIGIN");
    await next();
  };
}

function policyOf(path: string): PolicyName {
  if (path === "/stream") return "frame";
  return /^\/(?:control|streams\/[^/]*\/close)$/.test(path) ? "control" : "data";
}
