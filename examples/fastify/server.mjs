/** How busy machines are: this one, and all that report with the key. See README.md. */
import { readFile } from "node:fs/promises";
import { hostname, loadavg } from "node:os";
import { join } from "node:path";
import Fastify from "fastify";
import { createForeverframe } from "foreverframe";

const KEY = process.env.MACHINE_KEY ?? "only-for-this-example";
const PAUSE_MS = 5_000;

const fastify = Fastify({ forceCloseConnections: true });

const ff = await createForeverframe({
  logger: fastify.log,
  // Everybody may read. Machines publish over HTTP themselves, with the key.
  authorize(request, { action, channels }) {
    const areMachines = channels.every((channel) => channel.startsWith("machines."));
    if (action === "publish")
      return areMachines && request.headers.authorization === `Bearer ${KEY}`;
    return action === "close" || (action === "subscribe" && areMachines);
  },
});

await fastify.register(ff.fastify, { prefix: "/push" });

fastify.get("/", async (_request, reply) => {
  reply.type("text/html; charset=utf-8");
  return readFile(join(import.meta.dirname, "index.html"));
});

function report() {
  const [load] = loadavg();
  return ff.publish(`machines.${hostname()}`, { load });
}

fastify.post("/report", async (_request, reply) => {
  await report();
  reply.code(204);
});

const timer = setInterval(() => report().catch((error) => fastify.log.error(error)), PAUSE_MS);
const port = Number(process.env.PORT ?? 3000);
await fastify.listen({ port });
console.log(`Open http://localhost:${port}`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    clearInterval(timer);
    await ff.drain(); // before fastify.close(), which waits for open responses
    await fastify.close();
  });
}
