import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { OpenProbe } from "../../src/commands/doctor/open-probe.ts";
import { CliProcess, killProcesses } from "../support/serve-process.ts";
import { within } from "../support/within.ts";

describe("a command that is sent to a hostile server", function () {
  this.timeout(30_000);
  const servers = new Set<Server>();

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.add(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const run = (...args: string[]) => within(20_000, new CliProcess(args).outcome, args.join(" "));

  afterEach(() => {
    killProcesses();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    servers.clear();
  });

  for (const status of [200, 403]) {
    it(`stops reading an answer ${status} that never ends`, async () => {
      const piece = Buffer.alloc(1_048_576, "x");
      const url = await serve((_, response) => {
        response.writeHead(status);
        const write = () => {
          while (!response.destroyed && response.write(piece));
        };
        response.on("drain", write).on("error", () => {});
        write();
      });
      const { code, stderr } = await run("channels", "--url", url);
      expect(stderr).to.match(/^foreverframe: [^\n]*answer has more than \d+ bytes\n$/);
      expect(code).to.be.above(0);
    });
  }

  it("says in a sentence that an answer broke off", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "Content-Length": 100 });
      response.write('{"channels":[', () => response.destroy());
    });
    const { code, stderr } = await run("channels", "--url", url);
    expect(stderr).to.match(/^foreverframe: [^\n]*broke off[^\n]*\n$/);
    expect(code).to.equal(69);
  });

  it("gets through a stream of beginnings without an end", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "Content-Type": "text/html" });
      response.end(`${"<script>parent.push(".repeat(60_000)}{"type":"open"})</script>`);
    });
    const probe = new OpenProbe("frame", new URL(url), {});
    await within(
      5_000,
      probe.until(() => false, 20_000),
      "the end of the stream",
    );
    expect(probe.events).to.deep.equal([]);
    expect(probe.endedAt).to.be.a("number");
  });

  it("finds the events of streams that come in pieces of one character", async () => {
    const texts = {
      frame:
        '<p><script>parent.push({"type":"open"})</script> <script>parent.push({"type":"close"})</script>',
      sse: 'data:{"type":"open"}\n\nid: data:5\r\ndata: {"type":"close"}\r\n\r\n',
    };
    for (const transport of ["frame", "sse"] as const) {
      const url = await serve(async (_, response) => {
        for (const character of texts[transport]) {
          response.write(character);
          await new Promise(setImmediate);
        }
        response.end();
      });
      const probe = new OpenProbe(transport, new URL(url), {});
      await within(
        10_000,
        probe.until(() => false, 10_000),
        "the end of the stream",
      );
      expect(probe.events.map(({ type }) => type)).to.deep.equal(["open", "close"]);
      expect(texts[transport].slice(0, probe.events[0]?.endsAt)).to.match(
        /"open"}(?:\)<\/script>|\n)$/,
      );
    }
  });
});
