import { startForeverframe } from "./foreverframe.ts";
import type { Server } from "./server.ts";

/** Pause between two looks, in ms: as the admin page and Prometheus do. */
const LOOK_MS = 5_000;

const ADMIN_TOKEN = "the-admin-token-of-the-benchmark";

/** What the admin page asks for at each look, and Prometheus. */
const PATHS = ["/stats?since=0", "/streams?sort=lag&limit=50", "/channels?limit=50", "/metrics"];

/** Foreverframe with its admin page open, and a Prometheus that scrapes it. */
export const foreverframeWatched: Server = {
  name: "foreverframe-watched",
  title: "admin page open, and scraped every 5 s",
  async start(options) {
    const server = await startForeverframe(["--admin-token", ADMIN_TOKEN], options);
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const look = async () => {
      for (const path of PATHS) {
        const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
        if (!answer.ok) throw new Error(`${path} is answered ${answer.status}`);
        await answer.arrayBuffer();
      }
    };
    await look();
    let looking: Promise<void> | null = null;
    const timer = setInterval(() => {
      looking ??= look().finally(() => {
        looking = null;
      });
    }, LOOK_MS);
    return {
      ...server,
      async stop() {
        clearInterval(timer);
        await looking;
        await server.stop();
      },
    };
  },
};
