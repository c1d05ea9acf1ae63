import { createServer } from "node:net";

/** How many processes may look for ports beside each other, and how many ports each looks among. */
const PROCESSES = 64;
const PORTS = 150;

const first = 20_000 + (process.pid % PROCESSES) * PORTS;
let asked = 0;

/**
 * A port that is free, and that no other process of these tests is given at the same time. It is
 * below those that the system hands out by itself: a client that connects to one of these while
 * nobody listens may be given the same port, and so be connected to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + (asked++ % PORTS);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
