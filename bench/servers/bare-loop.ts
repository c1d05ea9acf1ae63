import { compiled } from "../processes/compiled.ts";
import { freePort } from "../processes/free-port.ts";
import { startProcess, untilListening } from "../processes/measured-process.ts";
import type { Server } from "./server.ts";

/** A C program that does nothing but send(): the limit for servers that write once a message. */
export const bareLoop: Server = {
  name: "bare-loop",
  title: "bare loop of `send()`",
  async start() {
    const port = await freePort();
    const process = startProcess(compiled(new URL("./send_loop_limit.c", import.meta.url)), [
      String(port),
    ]);
    await untilListening(process, port);
    return {
      port,
      pids: process.pids(),
      streamPath: "/stream",
      publish: { path: "/publish", method: "POST", contentType: "text/plain", body: "%s" },
      own: null,
      speaksForeverframe: false,
      startHistory: null,
      collect: async () => null,
      said: process.said,
      stop: process.stop,
    };
  },
};
