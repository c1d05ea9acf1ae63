import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { closeConnections, publishJson } from "../support/raw-http.ts";
import { CliProcess, killProcesses } from "../support/serve-process.ts";
import { onTerminal } from "../support/terminal.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

const TOKEN = "the-admin-token-of-a-test";

interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

describe("the commands for a running server", function () {
  this.timeout(60_000);
  const standIns = new Set<Server>();

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await stopServers();
    for (const server of standIns) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    standIns.clear();
  });

  const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    within(30_000, new CliProcess(args, environment).outcome, args.join(" "));
  const start = () => startTestServer({ adminToken: TOKEN });
  const asAdmin = { FOREVERFRAME_ADMIN_TOKEN: TOKEN };
  const openStream = async (url: string, query: string) => {
    const answer = await fetch(`${url}/stream?transport=ndjson&${query}`);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    const { stream } = JSON.parse(Buffer.from(first?.value ?? []).toString()) as { stream: string };
    return { stream, reader };
  };

  /** A server that answers everything with one JSON value, and remembers what it was asked. */
  const startStandIn = async (answer: unknown, status = 200) => {
    const seen: SeenRequest[] = [];
    const server = createServer(async (request: IncomingMessage, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      const { method = "", url: path = "" } = request;
      seen.push({ method, path, authorization: request.headers.authorization, body });
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
    standIns.add(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
  };

  describe("streams", () => {
    it("lists open streams as a table whose lines fit 80 columns of a terminal", async () => {
      const { url } = await start();
      await openStream(url, `channels=doors.north,${"long.".repeat(20)}name&client=kiosk-7`);
      await openStream(url, "channels=*");
      const { code, stdout, stderr } = await run(["streams", "--url", url], asAdmin);
      expect(code, stderr).to.equal(0);
      const [head, first, second] = stdout.trim().split("\n");
      expect(head).to.match(
        /^HANDLE +CLIENT +ADDRESS +VIA +CHANNELS +LAG +QUEUED +MSGS +SENT +AGE$/,
      );
      expect(first).to.match(
        /^ +1 +kiosk-7 +127\.0\.0\.1 +ndjson +doors\.north,\S+ +live +0B? +0 /,
      );
      expect(second).to.match(/^ +2 +- +127\.0\.0\.1 +ndjson +\* +live /);
      expect(stderr).to.equal("2 streams\n");
      const command = `${process.execPath} dist/cli.js streams --url ${url}`;
      const shown = await onTerminal(command, { ...asAdmin, NO_COLOR: "1" });
      for (const line of shown.split("\n")) expect(line.length, line).to.be.at.most(80);
      expect(shown).to.match(/doors\.nor\S*…/); // "938ms" leaves it less than "1s"
      expect(shown).to.not.contain("\u001b");
      expect(await onTerminal(command, asAdmin)).to.contain("\u001b[1mHANDLE");
    });

    it("prints one JSON object a line with --json, and nothing else on standard output", async () => {
      const { url } = await start();
      await openStream(url, "channels=doors&client=a");
      await openStream(url, "channels=doors&client=b");
      const { stdout } = await run(["streams", "--json", "--url", url], asAdmin);
      const streams = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(streams.map(({ client }) => client)).to.deep.equal(["a", "b"]);
    });

    it("reads page after page until the limit", async () => {
      const page = (from: number, count: number) => ({
        streams: Array.from({ length: count }, (_, i) => ({
          handle: from + i,
          client: null,
          address: null,
          channels: ["a"],
          transport: "sse",
          live: true,
          messages: 1,
          bytes: 2_048,
          openMs: 90_000,
          lagMs: 5_000,
          queuedBytes: 1_536,
          subject: "alice",
        })),
        total: 5_000,
        next: String(from + count - 1),
        draining: true,
      });
      const { url, seen } = await startStandIn(page(1, 1_000));
      const { stdout, stderr } = await run(["streams", "--limit", "1500", "--url", url]);
      expect(seen.map(({ path }) => path)).to.deep.equal([
        "/streams?limit=1000",
        "/streams?limit=500&after=1000",
      ]);
      expect(stdout.split("\n")[0]).to.match(/SUBJECT +VIA +CHANNELS +LAG +QUEUED +MSGS/);
      expect(stdout.split("\n")[1]).to.match(/alice +sse +a +5s +1\.5K +1 +2\.0K +1m$/);
      expect(stderr).to.contain("of 5000 streams; the server is stopping");
    });

    it("lists again and again with --watch", async () => {
      const { url } = await start();
      await openStream(url, "channels=doors");
      const watch = new CliProcess(["streams", "--watch", "1", "--json", "--url", url], asAdmin);
      const lines = () => watch.stdout.split("\n").length - 1;
      await eventually(10_000, () => lines() >= 2, "a second look");
    });

    it("asks the server to choose and to sort", async () => {
      const { url, seen } = await startStandIn({
        streams: [],
        total: 0,
        next: null,
        draining: false,
      });
      const chosen = [
        "--client",
        "k 7",
        "--channel",
        "doors",
        "--transport",
        "sse",
        "--sort",
        "lag",
      ];
      await run(["streams", "--url", `${url}/push/`, ...chosen], asAdmin);
      expect(seen[0]?.path).to.equal(
        "/push/streams?client=k+7&channel=doors&transport=sse&sort=lag&limit=100",
      );
      expect(seen[0]?.authorization).to.equal(`Bearer ${asAdmin.FOREVERFRAME_ADMIN_TOKEN}`);
    });
  });

  describe("channels", () => {
    it("lists their names, how many messages each keeps, and the last id", async () => {
      const { url } = await start();
      await publishJson(url, "doors.north", 1);
      const last = await publishJson(url, "doors.north", 2);
      await publishJson(url, "alarms", 1);
      const { stdout, stderr } = await run(["channels", "--url", url], asAdmin);
      expect(stdout.split("\n")[1]).to.match(/^alarms +1 +0 +0\.0 +\S+$/);
      expect(stdout.split("\n")[2]).to.match(new RegExp(`^doors.north +2 +0 +0\\.\\d +${last}$`));
      expect(stderr).to.equal("2 channels\n");
      const json = await run(["channels", "--json", "--limit", "1", "--url", url], asAdmin);
      expect(JSON.parse(json.stdout)).to.include({ channel: "alarms", messages: 1 });
    });
  });

  describe("close", () => {
    it("closes all streams of a client or a channel, and one by its id", async () => {
      const { url } = await start();
      const tails = await Promise.all([
        openStream(url, "channels=doors.a&client=kiosk"),
        openStream(url, "channels=doors.a"),
        openStream(url, "channels=news"),
      ]);
      const close = async (...args: string[]) => {
        const { code, stdout, stderr } = await run(["close", "--url", url, ...args], asAdmin);
        expect(code, stderr).to.equal(0);
        return stdout;
      };
      expect(await close("--client", "kiosk")).to.equal("closed 1 stream\n");
      expect(await close("--channel", "doors.a")).to.equal("closed 1 stream\n");
      expect(await close("--channel", "doors.a", "--json")).to.equal('{"closed":0}\n');
      const byId = await close("--stream", String(tails[2]?.stream));
      expect(byId).to.match(/^closed \(client\) after \d+m?s and 0 messages\n$/);
    });

    it("sends a handle and a text as they are given", async () => {
      const { url, seen } = await startStandIn({ closed: 3 });
      const text = 'maintenance until "6"';
      const { stdout } = await run(["close", "--url", url, "--handle", "7", "--text", text]);
      expect(stdout).to.equal("closed 3 streams\n");
      expect(seen[0]).to.include({ method: "POST", path: "/streams/7/close" });
      expect(JSON.parse(seen[0]?.body ?? "")).to.deep.equal({ text });
    });

    it("refuses two targets, and none", async () => {
      const both = await run(["close", "--client", "a", "--channel", "b"]);
      expect(both.code).to.equal(64);
      expect(both.stderr).to.match(/cannot be used with/);
      const none = await run(["close"]);
      expect(none.code).to.equal(64);
      expect(none.stderr).to.match(/say what to close: --stream, --handle, --client or --channel/);
    });
  });

  describe("explain", () => {
    const answer = {
      client: "kiosk-7",
      id: "k2f9.000002",
      channel: "doors",
      publishedAt: 1_795_304_019_000,
      verdict: "delivered",
      sentence: "kiosk-7 was given the message 12 ms after its publish.",
      facts: [{ at: 1_795_304_019_012, what: "stream 7 was given it\u001b[31m" }],
    };

    it("prints the sentence, then the facts with their local times", async () => {
      const { url, seen } = await startStandIn(answer);
      const args = ["explain", "--url", url, "--client", "kiosk-7", "--id", "k2f9.000002"];
      const { stdout } = await run(args, { TZ: "UTC" });
      expect(seen[0]?.path).to.equal("/explain?client=kiosk-7&id=k2f9.000002");
      expect(stdout).to.equal(
        [
          "kiosk-7 was given the message 12 ms after its publish.",
          "  2026-11-21 23:33:39.012  stream 7 was given it\\u001b[31m",
          "",
        ].join("\n"),
      );
      const json = await run([...args, "--json"]);
      expect(JSON.parse(json.stdout)).to.deep.equal(answer);
    });
  });

  describe("an exit code", () => {
    for (const [status, code] of [
      [401, 77],
      [403, 77],
      [404, 1],
      [429, 75],
      [502, 69],
      [503, 75],
    ] as const) {
      it(`is ${code} when the server answers ${status}`, async () => {
        const { url } = await startStandIn({ detail: "no" }, status);
        const outcome = await run(["channels", "--url", url]);
        expect(outcome.code).to.equal(code);
        expect(outcome.stderr).to.equal(`foreverframe: The server refused (${status}): no\n`);
      });
    }

    it("is 78 when something else answers, 69 when nothing does, and 64 for wrong usage", async () => {
      const { url } = await startStandIn("<html>hello</html>");
      const other = await run(["channels", "--url", url]);
      expect(other.code).to.equal(78);
      expect(other.stderr).to.match(/leads to something that answers "<html>hello/);
      expect((await run(["channels", "--url", "http://127.0.0.1:1"])).code).to.equal(69);
      for (const args of [["channel"], [], ["channels", "--limit", "0"], ["tail", "a..b", "x"]])
        expect((await run(args)).code, args.join(" ")).to.equal(64);
      expect((await run(["--help"])).code).to.equal(0);
      expect((await run(["--version"])).code).to.equal(0);
    });
  });
});
