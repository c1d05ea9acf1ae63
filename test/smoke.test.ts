import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "./support/raw-http.ts";
import { startTestServer, stopServers } from "./support/test-server.ts";

describe("a display frame", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is given a message that is published while it is open", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    const id = await publishJson(url, "doors", { vid: 7 });
    const events = await connection.untilEvents((seen) => seen.length === 2, "the message");
    expect(events[1]).to.include({ type: "message", id, channel: "doors" });
  });
});
