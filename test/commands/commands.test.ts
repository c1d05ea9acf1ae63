import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { closeConnections, publishJson } from "../support/raw-http.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { createSecretFile } from "../support/tokens.ts";
import { eventually, within } from "../support/within.ts";

const NOWHERE = "http://127.0.0.1:1";

describe("the command line", function () {
  this.timeout(90_000);

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await stopServers();
  });

  const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    within(30_000, new CliProcess(args, environment).outcome, args.join(" "));
  const stored = async (url: string, channel: string): Promise<unknown[]> => {
    const answer = await fetch(`${url}/channels/${channel}/messages`);
    const { messages } = (await answer.json()) as { messages: { data: unknown }[] };
    return messages.map(({ data }) => data);
  };

  describe("serve", () => {
    it("prints its address, its log, its pages and its admin token, and logs JSON lines on stderr", async () => {
      const { process: server, url } = await startServeProcess(["--memory"]);
      expect(server.stdout).to.match(/log +in memory/);
      expect(server.stdout).to.contain(`${url}/doors.html`);
      expect(server.stdout).to.match(/admin token +generated, and not shown/);
      await eventually(2_000, () => server.stderr.includes("\n"), "a line of the log");
      for (const line of server.stderr.trim().split("\n"))
        expect(JSON.parse(line)).to.have.property("msg");
      const [first = ""] = server.stderr.split("\n");
      expect(JSON.parse(first)).to.include({ version: "0.1.0", node: process.versions.node });
      expect(JSON.parse(first).time).to.match(/^\d{4}-\d\d-\d\dT.*Z$/);
    });

    it("keeps a generated admin token beside the log, for its owner alone, and shows it on terminals only", async () => {
      const data = createTemporaryDirectory();
      const { process: server, url } = await startServeProcess(["--data", data]);
      const file = join(data, "admin-token");
      expect(server.stdout).to.contain(`generated, in ${file}`);
      expect(statSync(file).mode & 0o777).to.equal(0o600);
      const token = readFileSync(file, "utf8").trim();
      expect(token).to.match(/^\S{20,}$/);
      expect(server.stdout + server.stderr).to.not.contain(token);
      const headers = { Authorization: `Bearer ${token}` };
      expect((await fetch(`${url}/streams`, { headers })).status).to.equal(200);
      server.kill("SIGTERM");
      await server.outcome;
      const again = await startServeProcess(["--data", data]);
      expect(readFileSync(file, "utf8").trim(), "after a restart").to.equal(token);
      expect((await fetch(`${again.url}/streams`, { headers })).status).to.equal(200);
      again.process.kill("SIGTERM");
      await again.process.outcome;
      chmodSync(file, 0o644);
      const third = await startServeProcess(["--data", data]);
      expect(readFileSync(file, "utf8").trim(), "that others could read").to.not.equal(token);
      third.process.kill("SIGTERM");
      await third.process.outcome;
      const given = ["--data", data, "--admin-token", "another-token-of-mine"];
      await startServeProcess(given);
      expect(existsSync(file)).to.equal(false);
    });

    for (const [args, sentence, status = 78] of [
      [["--prot", "8080"], /unknown option '--prot' \(Did you mean --port\?\): see/, 64],
      [["--port", "eighty"], /--port is "eighty": use a whole number from 0 to 65535/],
      [["--port", "65536"], /--port is "65536"/],
      [["--max-streams", "few"], /--max-streams is "few": use a whole number from 0/],
      [["--max-streams", "1000000"], /--max-streams is 1000000, .* open files .*ulimit -n 1000200/],
      [["--admin-token", "a b"], /--admin-token has a space/],
      [
        ["--retention", "log.**=0/5"],
        /--retention has "log\.\*\*=0\/5": write pattern=messages\/ms/,
      ],
      [["--host", "0.0.0.0"], /--host 0\.0\.0\.0 .* add --secret-file or --jwks.* or --open/],
      [
        ["--allowed-origins", "intranet.example"],
        /--allowed-origins has "intranet.example": write an origin/,
      ],
      [["--memory", "--host", "203.0.113.1", "--open"], /Can't listen on 203\.0\.113\.1:8080/],
      [["--data", "/dev/null/log"], /The log in "\/dev\/null\/log" can't be opened .* --data/, 75],
    ] as const) {
      it(`refuses ${args.join(" ")} in one sentence`, async () => {
        const { code, stderr } = await run(["serve", ...args]);
        expect(stderr).to.match(sentence);
        expect(stderr.trim().split("\n"), stderr).to.have.lengthOf(1);
        expect(code).to.equal(status);
      });
    }

    it("takes settings from the environment, where flags win, and refuses unknown ones there", async () => {
      const bad = await run(["serve"], { FOREVERFRAME_MAX_STREAMS: "many" });
      expect(bad.stderr).to.contain('FOREVERFRAME_MAX_STREAMS is "many"');
      const unknown = await run(["serve"], { FOREVERFRAME_MAX_STREMAS: "1" });
      expect(unknown.stderr).to.contain(
        "FOREVERFRAME_MAX_STREMAS in the environment is not a setting",
      );
      const both = await run(["serve", "--max-streams", "few"], {
        FOREVERFRAME_MAX_STREAMS: "many",
      });
      expect(both.stderr).to.contain('--max-streams is "few"');
    });

    it("refuses a port that another process has", async () => {
      const { url } = await startTestServer();
      const { code, stderr } = await run(["serve", "--memory", "--port", new URL(url).port]);
      expect(stderr).to.match(/another process listens there/);
      expect(code).to.equal(75);
    });
  });

  describe("publish", () => {
    it("publishes one value, JSON or else text, and says so on stderr", async () => {
      const { url } = await startTestServer();
      const { code, stdout, stderr } = await run(["publish", "doors", '{"vid":7}', "--url", url]);
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "" });
      expect(stderr).to.equal("foreverframe: published 1 message to doors\n");
      await run(["publish", "doors", "plain words", "--url", url]);
      expect(await stored(url, "doors")).to.deep.equal([{ vid: 7 }, "plain words"]);
    });

    it("publishes each line of standard input in order, as they come", async () => {
      const { url } = await startTestServer({ retainMessages: 10_000 });
      const publisher = new CliProcess(["publish", "log", "--url", url]);
      publisher.child.stdin?.write("first\n\n2");
      await eventually(
        10_000,
        async () => (await stored(url, "log")).length === 1,
        "the first line",
      );
      publisher.child.stdin?.end("2\nlast without an end");
      const { code, stderr } = await within(20_000, publisher.outcome, "publish");
      expect(code).to.equal(0);
      expect(stderr).to.contain("published 3 messages to log");
      expect(await stored(url, "log")).to.deep.equal(["first", 22, "last without an end"]);
    });

    it("ends with a status and one sentence when the server is not there, or refuses", async () => {
      const away = await run(["publish", "doors", "1", "--url", NOWHERE]);
      expect(away.code).to.equal(69);
      expect(away.stderr).to.match(/There is no server at http:\/\/127\.0\.0\.1:1 .*--url/);
      const { url } = await startTestServer();
      const refused = await run(["publish", "doors", `"${"x".repeat(70_000)}"`, "--url", url]);
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.match(/The server refused \(413\): .*--max-message-bytes/);
    });
  });

  describe("token", () => {
    const start = async () => {
      const secret = createSecretFile().path;
      const { url } = await startTestServer({ secretFile: secret });
      const make = async (...args: string[]) => {
        const { code, stdout, stderr } = await run(["token", "--secret-file", secret, ...args]);
        expect(code, stderr).to.equal(0);
        const path = `${secret}-${args.join("")}`.replaceAll(/[^\w/.-]/g, "_");
        writeFileSync(path, stdout);
        return path;
      };
      return { url, secret, make };
    };

    it("makes tokens that publish and tail take, for what they are for and nothing else", async function () {
      this.timeout(90_000);
      const { url, make } = await start();
      const gate = await make("--publish", "doors.*,alarms", "--ttl", "7d");
      const kiosk = await make("--subscribe", "doors.**", "--subscribe", "news", "--client", "k7");
      const published = await run(["publish", "--url", url, "--token-file", gate, "doors.a", "1"]);
      expect(published.code, published.stderr).to.equal(0);
      const tail = new CliProcess(["tail", "--url", url, "--token-file", kiosk, "news,doors.*"]);
      await eventually(10_000, () => tail.stdout.includes('"open"'), "the open event");
      await run(["publish", "--url", url, "--token-file", gate, "doors.b", "2"]);
      await eventually(10_000, () => tail.stdout.includes('"data":2'), "the message");
      for (const [args, sentence, status = 77] of [
        [["publish", "--url", url, "doors.a", "1"], /\(401\): A token is missing/],
        [
          ["publish", "--url", url, "--token-file", kiosk, "doors.a", "1"],
          /\(403\): The token does/,
        ],
        [
          ["tail", "--url", url, "--token-file", gate, "doors.a"],
          /\(403\): The token does not allow/,
        ],
        [
          ["tail", "--url", url, "--token-file", "/nowhere", "doors.a"],
          /--token-file .*ENOENT/,
          78,
        ],
        [
          ["tail", "--url", url, "--token-file", "/dev/null", "doors.a"],
          /does not hold one token/,
          78,
        ],
      ] as const) {
        const { code, stderr } = await run(args);
        expect(code).to.equal(status);
        expect(stderr).to.match(sentence);
      }
    });

    it("says once that a token does not allow to publish, however many lines there are", async () => {
      const { url, make } = await start();
      const kiosk = await make("--subscribe", "doors");
      const publish = new CliProcess(["publish", "--url", url, "--token-file", kiosk, "doors"]);
      publish.child.stdin?.end("1\n".repeat(500));
      const { code, stderr } = await within(30_000, publish.outcome, "its end");
      expect(code).to.equal(77);
      expect(stderr.match(/does not allow/g)).to.have.lengthOf(1);
    });

    it("refuses what a server would refuse, in one sentence", async () => {
      const secret = createSecretFile().path;
      for (const [args, sentence] of [
        [["--subscribe", "a..b"], /the entry "a\.\.b" in "subscribe", which has an empty segment/],
        [["--subscribe", "a", "--ttl", "1x"], /--ttl is "1x": give a time/],
        [["--subscribe", "a", "--ttl", "99999d"], /--ttl is "99999d": give a time up to 3650d/],
        [["--subscribe", "a", "--client", ""], /a "client" that is not/],
        [[], /The token would allow nothing/],
      ] as const) {
        const { code, stderr } = await run(["token", "--secret-file", secret, ...args]);
        expect(code).to.equal(78);
        expect(stderr).to.match(sentence);
        expect(stderr.trim().split("\n")).to.have.lengthOf(1);
      }
    });
  });

  describe("publish of lines", () => {
    const publishLines = async (url: string, input: string | Buffer) => {
      const publisher = new CliProcess(["publish", "log", "--url", url]);
      publisher.child.stdin?.end(input);
      return within(30_000, publisher.outcome, "publish");
    };

    it("names the lines that the server refuses, publishes the others, and ends with a status", async () => {
      const { url } = await startTestServer();
      const long = "x".repeat(70_000);
      const { code, stderr } = await publishLines(
        url,
        `one\n{"__proto__":1}\n\nfour\n${long}\nsix`,
      );
      expect(await stored(url, "log")).to.deep.equal(["one", "four", "six"]);
      expect(stderr).to.match(/^foreverframe: line 2: The server refused \(400\): .*__proto__/m);
      expect(stderr).to.match(/^foreverframe: line 5: The server refused \(413\)/m);
      expect(stderr).to.match(/published 3 messages to log/);
      expect(stderr).to.match(/2 of the lines were refused/);
      expect(code).to.equal(1);
    });

    it("takes CRLF as the end of a line, and U+2028 as a part of it", async () => {
      const { url } = await startTestServer();
      const { code } = await publishLines(url, '"a\u2028b"\r\nplain\r\n\r\n');
      expect(code).to.equal(0);
      expect(await stored(url, "log")).to.deep.equal(["a\u2028b", "plain"]);
    });

    it("takes a line of more than a megabyte, one that never ends, and an empty input", async () => {
      const { url } = await startTestServer({ maxMessageBytes: 3_000_000 });
      const { code } = await publishLines(url, `${"x".repeat(2_000_000)}\nlast`);
      expect(code).to.equal(0);
      expect(await stored(url, "log")).to.have.lengthOf(2);
      const endless = await publishLines(url, Buffer.alloc(40_000_000, "x"));
      expect(endless.stderr).to.match(/line 1: The server refused \(413\)/);
      const empty = await publishLines(url, "");
      expect(empty).to.include({ code: 0, stderr: "foreverframe: published 0 messages to log\n" });
    });

    it("tries again while the server can't take it", async () => {
      const { url } = await startTestServer({ publishesPerSecond: 1 });
      await publishJson(url, "other", 1);
      const { code, stderr } = await publishLines(url, "one\ntwo");
      expect(code, stderr).to.equal(0);
      expect(await stored(url, "log")).to.deep.equal(["one", "two"]);
    });
  });

  describe("tail", () => {
    it("prints events as NDJSON until the stream is closed on purpose", async () => {
      const { url } = await startTestServer();
      const id = await publishJson(url, "doors", 1);
      const tail = new CliProcess(["tail", "doors", "--last", "1", "--url", url]);
      await eventually(5_000, () => tail.stdout.includes(id), "the last message");
      await publishJson(url, "doors", 2);
      await eventually(5_000, () => tail.stdout.includes('"data":2'), "the next message");
      const [open] = tail.stdout.split("\n").map((line) => line && JSON.parse(line));
      await fetch(`${url}/${open.close}`, { method: "POST" });
      const { code, stdout } = await within(20_000, tail.outcome, "the end of tail");
      expect(code).to.equal(0);
      const types = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).type);
      expect(types).to.deep.equal(["open", "message", "live", "message", "close"]);
    });

    it("starts with the last of each channel, or with the latest from a time on", async () => {
      const { url } = await startTestServer();
      for (const n of [1, 2, 3, 4]) await publishJson(url, `doors.n${n % 2}`, n);
      for (const flags of [
        ["--each", "1"],
        ["--since", "1970-01-01T00:00:00Z", "--latest"],
      ]) {
        const tail = new CliProcess(["tail", "doors.*", ...flags, "--url", url]);
        await eventually(20_000, () => tail.stdout.includes('"live"'), "the live event");
        const data = Array.from(tail.stdout.matchAll(/"data":(\d)/g), ([, digit]) => digit);
        expect(data, flags.join(" ")).to.deep.equal(["3", "4"]);
      }
    });

    it("goes on from its cursor when the server comes back", async () => {
      const first = await startTestServer();
      const port = Number(new URL(first.url).port);
      const tail = new CliProcess(["tail", "doors", "--url", first.url]);
      await eventually(5_000, () => tail.stdout.includes('"open"'), "open");
      await stopServers();
      await eventually(5_000, () => tail.stdout.includes('"shutdown"'), "shutdown");
      const second = await startTestServer({ port });
      await publishJson(second.url, "doors", "after");
      await eventually(
        15_000,
        () => tail.stdout.includes('"after"'),
        "the message after the restart",
      );
    });

    it("ends with a status and one sentence when the server is not there", async () => {
      const { code, stderr } = await run(["tail", "doors", "--url", NOWHERE]);
      expect(code).to.equal(69);
      expect(stderr).to.match(/There is no server at .*foreverframe serve/);
    });
  });
});
