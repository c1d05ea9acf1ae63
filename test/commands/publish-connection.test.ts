import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { closeConnections } from "../support/raw-http.ts";
import { kept } from "../support/request.ts";
import { CliProcess, killProcesses } from "../support/serve-process.ts";
import { closeTcpProxies, startTcpProxy } from "../support/tcp-proxy.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

describe("foreverframe publish over a publish connection", function () {
  this.timeout(60_000);
  const fronts = new Set<Server>();

  afterEach(async () => {
    killProcesses();
    closeConnections();
    for (const front of fronts) {
      front.closeAllConnections();
      front.close();
    }
    fronts.clear();
    await closeTcpProxies();
    await stopServers();
  });

  const start = (url: string) => {
    const publisher = new CliProcess(["publish", "log", "--url", url]);
    const write = (text: string) => publisher.child.stdin?.write(text);
    const end = async () => {
      publisher.child.stdin?.end();
      return within(30_000, publisher.outcome, "publish");
    };
    return { write, end };
  };
  const dataOf = async (url: string) => (await kept(url, "log")).map(({ data }) => data);
  const untilKept = (url: string, count: number) =>
    eventually(20_000, async () => (await dataOf(url)).length >= count, `${count} messages`);

  /** A proxy that keeps a request until it has it whole, or does not know `/publish`. */
  const startFront = async (target: string, answersPublish: number | null): Promise<string> => {
    const front = createServer(async (incoming, outgoing) => {
      if (answersPublish !== null && incoming.url === "/publish") {
        outgoing.writeHead(answersPublish).end("no");
        return;
      }
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part);
      const { method = "", headers, url = "" } = incoming;
      delete headers["transfer-encoding"];
      const passed = request(`${target}${url}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      passed.end(Buffer.concat(parts));
    });
    fronts.add(front);
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  };

  it("sends lines that come a few at a time over one connection, and names those refused", async () => {
    const { url, hub } = await startTestServer();
    const { write, end } = start(url);
    for (let n = 0; n < 5; n++) {
      write(`${n}\n`);
      await untilKept(url, n + 1);
    }
    write(`${"[".repeat(101)}${"]".repeat(101)}\n5\n`);
    await untilKept(url, 6);
    const { code, stderr } = await end();
    expect(await dataOf(url)).to.deep.equal([0, 1, 2, 3, 4, 5]);
    expect(hub.tally.publishConnections.opened).to.equal(1);
    expect(stderr)
      .to.match(/line 6: .*deeper than 100/)
      .and.to.contain("published 6 messages");
    expect(code).to.not.equal(0);
  });

  it("loses and doubles nothing when the connection breaks between a line and its answer", async () => {
    const { url, hub } = await startTestServer();
    const proxy = await startTcpProxy(Number(new URL(url).port));
    const { write, end } = start(`http://127.0.0.1:${proxy.port}`);
    for (let n = 0; n < 3; n++) {
      write(`${n}\n`);
      await untilKept(url, n + 1);
    }
    proxy.cutAfter(0);
    write("3\n");
    await untilKept(url, 4);
    proxy.cutAfter(null);
    write("4\n");
    await untilKept(url, 5);
    const { code, stderr } = await end();
    expect([code, stderr]).to.deep.equal([0, "foreverframe: published 5 messages to log\n"]);
    expect(await dataOf(url)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(hub.tally.publishConnections.opened).to.be.above(1);
  });

  for (const [what, status] of [
    ["does not know it", 404],
    ["keeps requests until their end", null],
  ] as const) {
    it(`falls back to requests where something on the way ${what}`, async () => {
      const { url } = await startTestServer();
      const { write, end } = start(await startFront(url, status));
      for (let n = 0; n < 4; n++) {
        write(`${n}\n`);
        await untilKept(url, n + 1);
      }
      expect((await end()).code).to.equal(0);
      expect(await dataOf(url)).to.deep.equal([0, 1, 2, 3]);
    });
  }
});
