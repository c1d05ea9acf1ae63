import { expect } from "chai";
import { CliProcess, killProcesses } from "../support/serve-process.ts";
import { closeTcpProxies, startTcpProxy } from "../support/tcp-proxy.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

describe("foreverframe bench", function () {
  this.timeout(60_000);

  afterEach(async () => {
    killProcesses();
    await closeTcpProxies();
    await stopServers();
  });

  const start = (url: string, ...args: string[]) =>
    new CliProcess(["bench", "--url", url, ...args]);
  const countStreams = async (url: string, adminToken: string) => {
    const headers = { Authorization: `Bearer ${adminToken}` };
    const answer = await fetch(`${url}/streams`, { headers });
    return ((await answer.json()) as { total: number }).total;
  };

  it("counts what every stream was given, and leaves none open", async () => {
    const { url, adminToken } = await startTestServer();
    const bench = start(url, "--streams", "7", "--rate", "50", "--seconds", "1", "--json");
    const { code, stdout, stderr } = await within(30_000, bench.outcome, "the end of bench");
    expect(code, stderr).to.equal(0);
    expect(stderr).to.equal("");
    const { latencyMs, ...result } = JSON.parse(stdout);
    expect(result).to.include({ streams: 7, published: 50, deliveries: 350 });
    expect(result).to.include({ broken: 0, failed: 0, lost: 0, doubled: 0 });
    expect(latencyMs.p50).to.be.above(0).and.at.most(latencyMs.p99);
    expect(latencyMs.p99).to.be.at.most(latencyMs.p999);
    await eventually(5_000, async () => (await countStreams(url, adminToken)) === 0, "no stream");
  });

  it("prints what it has when it is interrupted, without a sequence for terminals", async () => {
    const { url, adminToken } = await startTestServer();
    const bench = start(url, "--streams", "3", "--rate", "20", "--seconds", "600");
    await eventually(10_000, async () => (await countStreams(url, adminToken)) === 3, "streams");
    bench.kill("SIGINT");
    const { code, signal, stdout } = await within(10_000, bench.outcome, "the end of bench");
    expect({ code, signal }).to.deep.equal({ code: 0, signal: null });
    expect(stdout).to.match(/^streams +3, of which 0 ended early$/m);
    expect(stdout).to.match(/^lost +0$/m);
    expect(stdout).to.not.contain("\u001b");
  });

  it("ends with 1 and the number of lost messages where streams are cut", async () => {
    const { url, adminToken } = await startTestServer();
    const proxy = await startTcpProxy(Number(new URL(url).port));
    const through = `http://127.0.0.1:${proxy.port}`;
    const bench = start(through, "--streams", "4", "--rate", "50", "--seconds", "2", "--json");
    await eventually(10_000, async () => (await countStreams(url, adminToken)) === 4, "streams");
    proxy.cutAll();
    const { code, stdout } = await within(30_000, bench.outcome, "the end of bench");
    const result = JSON.parse(stdout);
    expect(result.broken).to.equal(4);
    expect(result.lost).to.be.above(0);
    expect(code).to.equal(1);
  });

  it("ends with 69 where there is no server, and 75 where streams are refused for now", async () => {
    const nobody = await within(10_000, start("http://127.0.0.1:1").outcome, "its end");
    expect(nobody.code).to.equal(69);
    expect(nobody.stderr).to.match(/There is no server at/);
    const { url } = await startTestServer({ authorizeUrl: "http://127.0.0.1:1/" });
    const refused = await within(10_000, start(url).outcome, "its end");
    expect(refused.stderr).to.match(/The server refused \(503\)/);
    expect(refused.code).to.equal(75);
  });
});
