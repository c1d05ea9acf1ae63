import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { CodeBlocks } from "../support/code-blocks.ts";
import { kept } from "../support/request.ts";
import { runCommand } from "../support/run-command.ts";
import { closeTcpProxies, startTcpProxy } from "../support/tcp-proxy.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { within } from "../support/within.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDE = new CodeBlocks("examples/publish-connection/README.md");
const ID = /^[\w.]+$/;

describe("the examples of publish connections", function () {
  this.timeout(60_000);

  afterEach(async () => {
    await closeTcpProxies();
    await stopServers();
  });

  /** Run what the guide says, at another server. */
  const run = async (section: string, url: string) => {
    const command = GUIDE.take(section, "sh").replaceAll("http://127.0.0.1:8080", url);
    return (await runCommand("sh", ["-c", command], ROOT)).stdout.trim().split("\n");
  };
  const dataOf = async (url: string) => (await kept(url, "doors")).map(({ data }) => data);

  it("publish with curl", async () => {
    const { url } = await startTestServer();
    const lines = await run("curl", url);
    expect(lines.map((text) => Object.keys(JSON.parse(text)))).to.deep.equal([["id"], ["id"]]);
    expect(await dataOf(url)).to.deep.equal([{ vid: 7 }, { vid: 8 }]);
  });

  it("publish with Python", async () => {
    const { url } = await startTestServer();
    const lines = await run("Python", url);
    expect(lines).to.have.lengthOf(2);
    for (const id of lines) expect(id).to.match(ID);
    expect(await dataOf(url)).to.deep.equal(["open", "closed"]);
  });

  it("publish with PHP", async () => {
    const { url } = await startTestServer();
    const lines = await run("PHP", url);
    expect(lines).to.have.lengthOf(300);
    for (const id of lines) expect(id).to.match(ID);
    expect((await dataOf(url)).at(-1)).to.deep.equal({ batch: 2, vid: 99 });
  });

  it("lose and double nothing in Python where the connection breaks again and again", async () => {
    const { url } = await startTestServer({ retainMessages: 100_000 });
    const proxy = await startTcpProxy(Number(new URL(url).port));
    proxy.cutAfter(8_000); // all answers are 28,000 or more
    const script = "examples/publish-connection/publish.py";
    const python = spawn("python3", [script, `http://127.0.0.1:${proxy.port}`], { cwd: ROOT });
    const wanted = Array.from({ length: 1_000 }, (_, n) => `line ${n}`);
    python.stdin.end(`${wanted.join("\n")}\n`);
    python.stdout.resume();
    let errors = "";
    python.stderr.on("data", (text) => {
      errors += text;
    });
    const code = await within(
      30_000,
      new Promise((resolve) => python.once("close", resolve)),
      "the script's end",
    );
    expect(code, errors).to.equal(0);
    const stored = (await dataOf(url)).map(String);
    expect([...stored].sort()).to.deep.equal([...wanted].sort());
  });
});
