import { Router } from "@koa/router";
import { ANSWER_HEADERS } from "./answer-headers.ts";

/**
 * A router whose answers may not be cached, and whose paths are taken to the letter: `/stream/`
 * would be another folder, and the relative URLs in its answer would be wrong.
 */
export function createRouter(): Router {
  const router = new Router({ strict: true, sensitive: true });
  router.use((ctx, next) => {
    ctx.set(ANSWER_HEADERS);
    return next();
  });
  return router;
}
