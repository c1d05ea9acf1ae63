/** Messages to one person: each user reads only the channel of their own name. See README.md. */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import Router from "@koa/router";
import { createForeverframe } from "foreverframe";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import mount from "koa-mount";

/** Names become parts of channel names, so they are plain. */
const NAME = /^[a-z]{1,20}$/;
const HOUR_MS = 3_600_000;

const ff = await createForeverframe({
  // `user` was put there by the middleware below, which runs before the mount.
  authorize({ user }, { action, channels }) {
    if (action === "close") return true; // only its own page knows the id of a stream
    if (user === undefined || action !== "subscribe") return false;
    const isOwn = channels.every((channel) => channel === `users.${user}`);
    return { allow: isOwn, client: user, expiresInMs: HOUR_MS };
  },
});

const app = new Koa();
app.keys = [process.env.COOKIE_KEY ?? randomBytes(32).toString("hex")];

app.use(async (ctx, next) => {
  ctx.req.user = ctx.cookies.get("user", { signed: true });
  await next();
});
app.use(mount("/push", ff.koa)); // before the body parser: Foreverframe reads its bodies itself
app.use(bodyParser());

const router = new Router();

router.get("/", (ctx) => {
  ctx.type = "html";
  ctx.body = createReadStream(join(import.meta.dirname, "index.html"));
});

router.post("/sign-in", (ctx) => {
  const { user } = ctx.request.body;
  ctx.assert(NAME.test(user), 400, "A name has 1 to 20 letters from a to z");
  ctx.cookies.set("user", user, { signed: true, sameSite: "lax" });
  ctx.body = { user };
});

router.post("/messages", async (ctx) => {
  const { user } = ctx.req;
  const { to, text } = ctx.request.body;
  ctx.assert(user !== undefined, 401, "Sign in first");
  ctx.assert(NAME.test(to), 400, "A name has 1 to 20 letters from a to z");
  await ff.publish(`users.${to}`, { from: user, text });
  ctx.status = 204;
});

app.use(router.routes());

const port = process.env.PORT ?? 3000;
const server = app.listen(port, () => console.log(`Open http://localhost:${port}`));

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await ff.drain(); // tells the pages to come back, and closes the log
    server.close();
    setTimeout(() => server.closeAllConnections(), 1_000).unref(); // browsers open some ahead
  });
}
