import { expect } from "chai";
import { startNginx, stopNginx } from "../support/nginx.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

describeInBrowsers("a page behind nginx with its defaults", ({ newPage }) => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
    await stopNginx();
  });

  it("has its stream by a frame, publishes, and closes for good", async () => {
    const { url, hub } = await startTestServer({ pages: TEST_PAGES });
    const front = await startNginx(url);
    const page = await newPage();
    await page.goto(`${front}/client.html`);
    const stream = await PageStream.open(page, { channels: "doors" });
    await stream.untilOpenBy("frame");
    const status = await page.evaluate(`
      fetch("channels/doors/messages", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: "7",
      }).then((answer) => answer.status)`);
    expect(status).to.equal(201);
    await stream.untilMessages(1);
    expect(await stream.data()).to.deep.equal([7]);
    await stream.close();
    await stream.untilState("closed");
    await eventually(2_000, () => hub.openStreams === 0, "its end at the server");
  });
});

describeInBrowsers("an EventSource that is refused for a while", ({ newPage }) => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("comes back by itself, and has what is published then", async () => {
    const { url, hub } = await startTestServer({ maxStreams: 1, pages: TEST_PAGES });
    const { connection } = await openFrame(url, "channels=lifts");
    const page = await newPage();
    await page.goto(`${url}/client.html`);
    await page.evaluate(`
      window.told = [];
      const source = new EventSource("stream?channels=doors");
      source.addEventListener("ff-error", ({ data }) => told.push(JSON.parse(data).code));
      source.addEventListener("ff-open", () => told.push("open"));
      source.onmessage = ({ data }) => told.push(JSON.parse(data).data);`);
    const told = async () => (await page.evaluate("told")) as readonly unknown[];
    await eventually(5_000, async () => (await told()).length > 0, "the refusal");
    expect(await told()).to.deep.equal(["FF_STREAMS_TOO_MANY"]);
    connection.destroy();
    await eventually(2_000, () => hub.openStreams === 0, "room");
    await eventually(15_000, async () => (await told()).includes("open"), "the stream");
    await publishJson(url, "doors", 1);
    await eventually(5_000, async () => (await told()).includes(1), "the message");
  });
});

describeInBrowsers("a display document that is opened as a window", (suite) => {
  afterEach(stopServers);

  it("calls nothing, neither of its own nor of who opened it, and ends its stream", async () => {
    const { url, hub } = await startTestServer({ pages: TEST_PAGES });
    const page = await suite.newPage();
    const pages = (await suite.browser.pages()).length;
    await page.goto(`${url}/client.html`);
    const isQuiet = await page.evaluate(`
      window.pushed = 0;
      window.push = () => { pushed++; };
      const other = window.open("stream?channels=doors", "other");
      new Promise((resolve) => setTimeout(() => { other.close(); resolve(pushed === 0); }, 1500))`);
    expect(isQuiet).to.equal(true);
    await eventually(5_000, () => hub.openStreams === 0, "its end at the server");
    await eventually(
      5_000,
      async () => (await suite.browser.pages()).length === pages,
      "the window's end",
    );
  });
});
