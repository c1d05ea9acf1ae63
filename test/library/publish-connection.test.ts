import { createServer } from "node:http";
import { expect } from "chai";
import express from "express";
import { listen, startLibrary, stopLibraries } from "../support/library.ts";
import { FRAMEWORK_NAMES, startMounted, stopMounted } from "../support/mounted-servers.ts";
import {
  closeLineSockets,
  codesOf,
  LineClient,
  LineSocket,
  line,
} from "../support/publish-client.ts";
import { closeConnections } from "../support/raw-http.ts";
import { ask, kept } from "../support/request.ts";
import { trustTestCertificate } from "../support/test-certificate.ts";
import { eventually, within } from "../support/within.ts";

describe("a publish connection to a mount", function () {
  this.timeout(20_000);
  let distrust = () => {};
  before(() => {
    distrust = trustTestCertificate();
  });
  after(() => distrust());
  afterEach(async () => {
    closeConnections();
    closeLineSockets();
    await stopMounted();
    await stopLibraries();
  });

  for (const framework of FRAMEWORK_NAMES) {
    it(`works in ${framework}, over HTTP and over a WebSocket`, async () => {
      const { url } = await startMounted(framework);
      const client = new LineClient(url);
      client.write(line("doors", 1));
      await client.untilAnswers(1);
      const socket = new LineSocket(url);
      await socket.untilOpen();
      socket.socket.send(line("doors", 2));
      await socket.untilAnswers(1);
      client.write(`${line("doors", 3)}oops\n${line("doors", 4)}`);
      expect(codesOf(await client.untilComplete())).to.deep.equal(["id", "id", "FF_BODY_INVALID"]);
      expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal([1, 2, 3]);
    });
  }

  it("ends at once when the library drains, with what the log has answered", async () => {
    const { url, ff } = await startMounted("express", { drainMs: 10_000 });
    const client = new LineClient(url);
    const socket = new LineSocket(url);
    await socket.untilOpen();
    client.write(line("doors", 1));
    await client.untilAnswers(1);
    await within(3_000, ff.drain(), "the end of the drain");
    expect(await socket.untilClosed()).to.equal(1_012);
    await client.connection.untilEnded();
    expect(codesOf(client.answers)).to.deep.equal(["id"]);
  });

  it("is cut when its client reads nothing for stallMs", async () => {
    const { url } = await startMounted("node:http", { stallMs: 1_000, publishesPerSecond: 0 });
    const client = new LineClient(url);
    client.connection.socket.pause();
    const refused = '{"channel":",","data":1}\n'.repeat(2_000);
    for (let n = 0; n < 400; n++) client.write(refused);
    await eventually(10_000, () => client.connection.socket.destroyed, "the cut");
  });

  it("takes a body that the application's parser has read", async () => {
    const ff = await startLibrary();
    const app = express();
    app.use(express.text({ type: "application/x-ndjson" }));
    app.use("/push", ff.node);
    const url = `${await listen(createServer(app))}/push`;
    const headers = { "Content-Type": "application/x-ndjson" };
    const body = line("doors", 1) + line("doors", 2);
    const { text } = await ask(url, "POST", "/publish", { headers, body });
    expect(text.match(/"id"/g)).to.have.lengthOf(2);
  });

  it("shares a commit among publishes of the library in one turn", async () => {
    const ff = await startLibrary();
    const ids = await Promise.all(
      Array.from({ length: 200 }, (_, n) => ff.publish("doors", n).then(({ id }) => id)),
    );
    expect(ids).to.deep.equal([...ids].sort());
  });
});
