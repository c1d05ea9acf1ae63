import { connect, type Socket } from "node:net";

/** Open a display frame's stream and leave its bytes to the caller. */
export function openStream(port: number, query: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.write(`GET /stream?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}
