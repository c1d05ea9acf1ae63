import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { closeConnections, publishJson } from "../support/raw-http.ts";
import { kept } from "../support/request.ts";
import { CliProcess, killProcesses } from "../support/serve-process.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

/** What a terminal obeys, or what turns the rest of a line round. */
const STEERING = /[^\P{Cc}\t\n]|\p{Bidi_Control}/u;

describe("text of others on a terminal", function () {
  this.timeout(20_000);

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await stopServers();
  });

  it("is escaped by tail, whose lines stay JSON that means the same", async () => {
    const { url } = await startTestServer();
    const note = "x\u009b2J\u009d0;title\u009c\u007f\u202egpj.exe\u0085 ü";
    await publishJson(url, "a", { note });
    const tail = new CliProcess(["tail", "a", "--last", "1", "--url", url]);
    await eventually(10_000, () => tail.stdout.includes('"message"'), "the message");
    expect(tail.stdout).to.not.match(STEERING);
    const line = tail.stdout.split("\n").find((text) => text.includes('"message"')) ?? "";
    expect(JSON.parse(line).data).to.deep.equal({ note });
  });

  it("is escaped where a server refuses, or sends what is no event", async () => {
    const hostile = createServer((request, response) => {
      const isStream = request.url?.startsWith("/stream") === true;
      response.writeHead(isStream ? 200 : 403);
      response.end(
        isStream ? '{"type":"\u001b]0;owned\u0007"}\n' : '{"detail":"\\u001b[2J\\u0007"}',
      );
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => hostile.once("listening", resolve));
    const url = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`;
    for (const [args, status] of [
      [["publish", "a", "1"], 77],
      [["tail", "a"], 78],
    ] as const) {
      const { outcome } = new CliProcess([...args, "--url", url]);
      const { code, stdout, stderr } = await within(10_000, outcome, args.join(" "));
      expect(code).to.equal(status);
      expect(stdout + stderr).to.not.match(STEERING);
    }
    hostile.close();
  });
});

describe("bytes that are not UTF-8", function () {
  this.timeout(20_000);

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await stopServers();
  });

  it("are not published, and named by their line; the lines around them are", async () => {
    const { url } = await startTestServer();
    const publish = new CliProcess(["publish", "a", "--url", url]);
    const lines = [
      Buffer.from('\ufeff{"n":1}\n'),
      Buffer.from("T\xfcr\n", "latin1"),
      Buffer.from("2\n"),
    ];
    publish.child.stdin?.end(Buffer.concat(lines));
    const { code, stderr } = await within(10_000, publish.outcome, "its end");
    expect(code).to.equal(1);
    expect(stderr).to.match(/line 2: it is not UTF-8.*iconv/);
    expect((await kept(url, "a")).map(({ data }) => data)).to.deep.equal([{ n: 1 }, 2]);
  });
});

describe("tail, where its output can't be written", function () {
  this.timeout(20_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const [where, redirection, code, said] of [
    [
      "on a full disk",
      "> /dev/full",
      1,
      /^foreverframe: standard output can't be written \(ENOSPC\)\n$/,
    ],
    ["into a pipe that nobody reads any more", "| head -n 1 > /dev/null", 0, /^$/],
  ] as const) {
    it(`ends ${where}, with a sentence where it is a fault`, async () => {
      const { url } = await startTestServer();
      for (let n = 0; n < 3; n++) await publishJson(url, "a", n);
      const command = `node dist/cli.js tail a --after earliest --url ${url} ${redirection}`;
      const shell = spawn("sh", ["-c", command]);
      let stderr = "";
      shell.stderr.on("data", (text) => {
        stderr += text;
      });
      const timer = setInterval(() => void publishJson(url, "a", "more"), 200);
      const ended = await within(
        10_000,
        new Promise((resolve) => shell.once("close", resolve)),
        "its end",
      ).finally(() => clearInterval(timer));
      expect(ended).to.equal(code);
      expect(stderr).to.match(said);
    });
  }
});
