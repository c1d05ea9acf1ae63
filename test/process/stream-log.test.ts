import { expect } from "chai";
import type { Logger } from "../../src/logger.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

type Line = Readonly<Record<string, unknown>>;

describe("the server's log", () => {
  const lines: Line[] = [];
  const write = (level: string) => (about: object, msg: string) => {
    lines.push({ ...about, level, msg });
  };
  const logger: Logger = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };

  beforeEach(() => {
    lines.length = 0;
  });
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const linesWith = (msg: string) => lines.filter((line) => line["msg"] === msg);

  it("has a line for each stream that ends, with its client, reason and figures, and its opening at debug", async () => {
    const { url } = await startTestServer({}, logger as never);
    const { connection, open } = await openFrame(url, "channels=doors&client=panel");
    const id = await publishJson(url, "doors", 1);
    await connection.untilEvents((events) => events.length === 2, "the message");
    await fetch(`${url}/streams/${open["stream"]}/close`, { method: "POST" });
    const about = { stream: 1, client: "panel", address: "127.0.0.1", transport: "frame" };
    expect(linesWith("stream opened")[0]).to.deep.include({
      ...about,
      level: "debug",
      channels: ["doors"],
    });
    const [ended] = linesWith("stream ended");
    expect(ended).to.deep.include({ ...about, level: "info", reason: "client", messages: 1 });
    expect(ended).to.include.keys("bytes", "acked", "openMs");
    const all = JSON.stringify(lines);
    expect(all).to.not.contain(open["stream"]);
    expect(id).to.be.a("string");
  });

  it("counts streams beyond 100 that end in one second, by their reasons", async () => {
    const { url, hub } = await startTestServer({ maxStreamsPerClient: 1_000 }, logger as never);
    for (let n = 0; n < 150; n++) await openFrame(url, "channels=doors&client=panel");
    await hub.admin.closeAll({ client: "panel" }, null);
    expect(linesWith("stream ended")).to.have.lengthOf(100);
    await eventually(3_000, () => linesWith("more streams ended").length === 1, "the others");
    expect(linesWith("more streams ended")[0]).to.deep.include({ notLogged: { admin: 50 } });
  });

  it("has refusals at debug without a stack, whatever their number", async () => {
    const { url } = await startTestServer({}, logger as never);
    for (let n = 0; n < 20; n++) await fetch(`${url}/stream?channels=a/b&client=panel`);
    const refused = linesWith("request refused");
    expect(refused).to.have.lengthOf(20);
    expect(refused[0]).to.include({ level: "debug", code: "FF_SELECTOR_INVALID", client: "panel" });
    expect(refused[0]).to.not.have.property("err");
  });
});
