import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that takes requests and does not answer before it is told to. */
export interface HangingServer {
  readonly url: string;
  /** Answer everything that waits, and end. */
  release(): Promise<void>;
}

/** Start one on a free port. */
export async function startHangingServer(): Promise<HangingServer> {
  const waiting = new Set<ServerResponse>();
  const http = createServer((_, response) => {
    waiting.add(response);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async release() {
      for (const response of waiting) response.writeHead(404).end();
      waiting.clear();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
