import { WebSocket } from "ws";
import type { WebSocketMeasure } from "./measures.ts";

/** Open a stream by WebSocket, and close it again. Never takes longer than `ms`. */
export function probeWebSocket(
  url: URL,
  headers: Readonly<Record<string, string>>,
  ms: number,
): Promise<WebSocketMeasure> {
  const target = new URL(url);
  target.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = new WebSocket(target, { headers, handshakeTimeout: ms, maxPayload: 1_048_576 });
    const settle = (measure: Partial<WebSocketMeasure>) => {
      clearTimeout(late);
      socket.terminate();
      resolve({ openMs: null, status: null, fault: null, ...measure });
    };
    const late = setTimeout(() => settle({ fault: "no event came in time" }), ms);
    socket.on("message", () => settle({ openMs: performance.now() - began }));
    socket.on("unexpected-response", (_, response) =>
      settle({ status: response.statusCode ?? null }),
    );
    socket.on("error", (error) => settle({ fault: error.message }));
    socket.on("close", () => settle({ fault: "the connection was cut" }));
  });
}
