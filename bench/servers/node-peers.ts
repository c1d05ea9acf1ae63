import { fileURLToPath } from "node:url";
import { freePort } from "../processes/free-port.ts";
import { startNodeServer } from "./node-server.ts";
import type { Server } from "./server.ts";

/** A Node library in a process with nothing but a route for publishing. */
function nodePeer(peer: Pick<Server, "name" | "title">, streamPath: string): Server {
  const program = fileURLToPath(new URL(`./${peer.name}-process.mjs`, import.meta.url));
  return {
    ...peer,
    async start(options) {
      const port = await freePort();
      const { process, collect } = await startNodeServer([program, String(port)], port, options);
      return {
        port,
        pids: process.pids(),
        streamPath,
        publish: { path: "/publish", method: "POST", contentType: "text/plain", body: "%s" },
        own: null,
        speaksForeverframe: false,
        startHistory: null,
        collect,
        said: process.said,
        stop: process.stop,
      };
    },
  };
}

/** sockjs-node, htmlfile transport: the nearest relative of a display frame. */
export const sockjs = nodePeer(
  { name: "sockjs", title: "sockjs-node" },
  "/sockjs/0/%d/htmlfile?c=parent.push",
);

/** better-sse, a channel's broadcast. */
export const betterSse = nodePeer({ name: "better-sse", title: "better-sse" }, "/stream");
