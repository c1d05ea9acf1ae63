import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

describe("catching up", function () {
  this.timeout(30_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is fair: streams with much to read delay neither one with little, nor a close, nor live messages", async () => {
    const { url } = await startTestServer({ retainMessages: 100_000, recycleBytes: 0 });
    const start = await publishJson(url, "little", 0);
    const line = JSON.stringify("x".repeat(1_000));
    for (let batch = 0; batch < 10; batch++) {
      await ask(url, "POST", "/channels/much/messages", {
        headers: { "Content-Type": "application/x-ndjson" },
        body: Array.from({ length: 3_000 }, () => line).join("\n"),
      });
    }
    await publishJson(url, "little", 1);
    const heavy = await Promise.all(
      Array.from({ length: 10 }, () => openFrame(url, `channels=much&after=${start}`)),
    );
    const { connection, open } = await openFrame(url, `channels=little&after=${start}`);
    const live = await publishJson(url, "little", 2);
    await connection.untilEvents(
      (events) => events.some(({ id }) => id === live),
      "the live message",
    );
    const receipt = await ask(url, "POST", `/${open["close"]}`);
    expect(receipt.json).to.include({ reason: "client", messages: 2 });
    const unfinished = heavy.filter((one) => one.connection.received.length < 30_000 * 1_000);
    expect(unfinished.length, "streams that were still reading then").to.be.above(0);
  });
});
