import { expect } from "chai";
import { closeConnections, openFrame, RawConnection } from "../support/raw-http.ts";
import { ask, closePathOf, openNdjson } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

describe("the connection of a stream", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const transport of ["frame", "ndjson"]) {
    it(`ends when a second request came with the first, over ${transport}`, async () => {
      const { url } = await startTestServer();
      const { host } = new URL(url);
      const connection = new RawConnection(url);
      const query = `transport=${transport}&channels=doors`;
      connection.socket.write(
        `GET /stream?${query} HTTP/1.1\r\nHost: ${host}\r\n\r\nGET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      );
      await connection.untilEnded(3_000);
    });

    it(`ends when bytes come later, over ${transport}`, async () => {
      const { url } = await startTestServer();
      const opened = await (transport === "frame"
        ? openFrame(url, "channels=doors")
        : openNdjson(url, "channels=doors"));
      opened.connection.send("GET /healthz HTTP/1.1", `Host: ${new URL(url).host}`);
      await opened.connection.untilEnded(3_000);
      const receipt = (await ask(url, "POST", closePathOf(url, opened.open))).json;
      expect(receipt).to.include({ closed: true });
      expect(receipt.reason).not.to.equal("client");
    });
  }
});
