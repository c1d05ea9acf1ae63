import { Agent as HttpAgent, request } from "node:http";
import { Agent as HttpsAgent, request as requestTls } from "node:https";
import { expect } from "chai";
import { WebSocket } from "ws";
import { FRAMEWORK_NAMES, startMounted, stopMounted } from "../support/mounted-servers.ts";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { trustTestCertificate } from "../support/test-certificate.ts";
import { destroyClients, openTransport, WEBSOCKET } from "../support/transport-clients.ts";
import { eventually, within } from "../support/within.ts";

/** Get a URL over the one connection of an agent. */
function getOver(
  agent: HttpAgent,
  url: string,
): Promise<{ status: number | undefined; text: string; port: number | undefined }> {
  const get = url.startsWith("https:") ? requestTls : request;
  return new Promise((resolve, reject) => {
    const sent = get(url, { agent }, (response) => {
      let text = "";
      const { statusCode: status, socket } = response;
      const port = socket.localPort;
      response.on("data", (piece) => {
        text += piece;
      });
      response.on("end", () => resolve({ status, text, port }));
    });
    sent.on("error", reject).end();
  });
}

for (const framework of FRAMEWORK_NAMES) {
  describe(`an application in ${framework} with Foreverframe at /push`, function () {
    this.timeout(20_000);
    let distrust = () => {};
    let agent: HttpAgent;
    before(() => {
      distrust = trustTestCertificate();
    });
    after(() => distrust());
    beforeEach(() => {
      const options = { keepAlive: true, maxSockets: 1 };
      agent = framework === "node:https" ? new HttpsAgent(options) : new HttpAgent(options);
    });
    afterEach(async () => {
      agent.destroy();
      destroyClients();
      closeConnections();
      await stopMounted();
    });

    it("answers its own requests over a connection that Foreverframe's go over, too", async () => {
      const { origin, url } = await startMounted(framework, { stallMs: 150 });
      const sockets = new Set<unknown>();
      for (const path of ["/neighbour", "/push/healthz", "/neighbour", "/push/", "/neighbour"]) {
        const response = await getOver(agent, origin + path);
        expect(response.status, path).to.equal(200);
        if (path === "/neighbour") expect(response.text).to.equal("neighbour");
        sockets.add(response.port);
        // An idle connection is the application's: how long a client of ours may stall is nothing
        // to it.
        if (path === "/push/healthz") await new Promise((resolve) => setTimeout(resolve, 400));
      }
      expect(sockets.size, "connections").to.equal(1);
      const { open } = await openFrame(url, "channels=doors");
      expect(open["close"]).to.match(/^streams\//);
      expect((await getOver(agent, `${origin}/neighbour`)).text).to.equal("neighbour");
    });

    it("keeps its own WebSocket beside Foreverframe's", async () => {
      const { origin, url } = await startMounted(framework);
      const chat = new WebSocket(`${origin.replace(/^http/, "ws")}/chat`);
      const client = await openTransport(WEBSOCKET, url, "channels=doors");
      const said = new Promise((resolve) => chat.once("message", (data) => resolve(String(data))));
      if (chat.readyState !== WebSocket.OPEN)
        await within(5_000, new Promise((resolve) => chat.once("open", resolve)), "the chat");
      chat.send("hello");
      expect(await within(5_000, said, "what the chat sends back")).to.equal("hello");
      chat.terminate();
      const id = await publishJson(url, "doors", 1);
      expect(id).to.be.a("string");
      expect(client.ended).to.equal(false);
    });

    it("is shown pages, frames and links that work below its prefix", async () => {
      const { origin, url } = await startMounted(framework);
      const moved = await fetch(`${url}?channel=a`, { redirect: "manual" });
      expect([moved.status, moved.headers.get("location")]).to.deep.equal([
        301,
        "./push/?channel=a",
      ]);
      const page = await (await fetch(`${url}/doors.html`)).text();
      const links = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, link]) => link ?? "");
      expect(links).to.include("foreverframe.js");
      for (const link of links) {
        const { status } = await fetch(new URL(link, `${url}/doors.html`));
        expect(status, link).to.equal(200);
      }
      expect((await fetch(`${origin}/foreverframe.js`)).headers.get("content-type")).to.not.match(
        /javascript/,
      );
    });

    it("takes an offer of another protocol for none, on its own routes and Foreverframe's", async () => {
      const { origin } = await startMounted(framework);
      for (const path of ["/neighbour", "/push/healthz"]) {
        const connection = new RawConnection(origin);
        connection.send(
          `GET ${path} HTTP/1.1`,
          `Host: ${new URL(origin).host}`,
          "Connection: Upgrade",
          "Upgrade: h2c",
        );
        // The application's own WebSocket refuses what it does not know.
        const expected = path === "/neighbour" ? /^HTTP\/1\.1 400/ : /^HTTP\/1\.1 200/;
        await eventually(5_000, () => expected.test(connection.received), `an answer of ${path}`);
      }
    });

    it("ends its answers by what its clients do, and is not ended by them", async () => {
      const { url, ff } = await startMounted(framework, { pollKeptMs: 100 });
      const { connection } = await openFrame(url, "channels=doors");
      connection.destroy();
      const flood = new RawConnection(url);
      for (let n = 0; n < 100; n++)
        flood.send("GET /push/stream?channels=a&transport=poll HTTP/1.1", "Host: localhost");
      await flood.untilEnded();
      await eventually(5_000, async () => (await ff.streams()).length === 0, "the streams to end");
      expect((await fetch(`${url}/healthz`)).status).to.equal(200);
    });
  });
}
