import type { Router } from "@koa/router";
import { parseSelectors } from "../../core/channel-name.ts";
import type { Hub } from "../../core/hub.ts";
import { subjectOf } from "../../core/principal.ts";
import { TICKET_MS } from "../../core/tickets.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Authorization } from "../authorization.ts";
import { callerOf } from "../guesses.ts";
import { objectOf, smallBodyMiddleware } from "../read-body.ts";
import { createRouter } from "../router.ts";

/** Most bytes of a request for a ticket: as many as 64 selectors take. */
const MAX_TICKET_BYTES = 16_384;

/** What the route keeps to. */
export interface TicketRouteOptions {
  readonly authorization: Authorization;
  readonly maxSelectors: number;
  /** Unix ms. */
  readonly now: () => number;
}

/**
 * POST /tickets, body `{"channels":"doors.**"}`: a ticket for one stream of these selectors, for
 * what can't send a token: a frame of another site, a WebSocket.
 *
 * 201 `{"ticket","expiresMs"}`; 400 FF_BODY_INVALID, FF_SELECTOR_INVALID; 403 FF_FORBIDDEN; 429
 * FF_TICKETS_TOO_MANY
 */
export function ticketRoutes(
  hub: Hub,
  { authorization, maxSelectors, now }: TicketRouteOptions,
): Router {
  const router = createRouter();
  router.post("/tickets", smallBodyMiddleware(MAX_TICKET_BYTES), async (ctx) => {
    const { channels: wanted } = objectOf(ctx);
    if (typeof wanted !== "string") {
      throw new ForeverframeError(
        "FF_BODY_INVALID",
        'The body has no "channels": send selectors such as {"channels":"doors.**"}',
      );
    }
    const channels = parseSelectors(wanted, maxSelectors).selectors;
    const question = { action: "subscribe", channels, client: null } as const;
    const grant = await authorization.check(ctx, question);
    const { client, mayNameClient, principal, expiresInMs } = grant;
    const expiresAt = expiresInMs === null ? null : now() + expiresInMs;
    const holder = subjectOf(grant) ?? callerOf(ctx.req);
    const ticket = hub.issueTicket(
      { channels, client, mayNameClient, principal, expiresAt },
      holder,
    );
    ctx.status = 201;
    ctx.body = { ticket, expiresMs: TICKET_MS };
  });
  return router;
}
