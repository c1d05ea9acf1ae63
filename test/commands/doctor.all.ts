import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { expect } from "chai";
import { closeProxies, startFaultyProxy } from "../support/faulty-proxy.ts";
import { startHttpHaproxy, stopHaproxy } from "../support/haproxy.ts";
import {
  closeMeddlingProxies,
  type Meddling,
  startMeddlingProxy,
} from "../support/meddling-proxy.ts";
import { startConfiguredNginx, startNginx, stopNginx } from "../support/nginx.ts";
import { closeConnections } from "../support/raw-http.ts";
import { CliProcess, killProcesses } from "../support/serve-process.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { createSecretFile } from "../support/tokens.ts";
import { within } from "../support/within.ts";

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly sentence: string;
  readonly advice: readonly { readonly proxy: string; readonly directives: readonly string[] }[];
}

describe("foreverframe doctor", function () {
  this.timeout(90_000);
  const silent = new Set<Server>();

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await Promise.all([closeMeddlingProxies(), closeProxies()]);
    await Promise.all([stopNginx(), stopHaproxy()]);
    await stopServers();
    removeTemporaryDirectories();
    for (const server of silent) server.close();
    silent.clear();
  });

  const run = (args: readonly string[]) =>
    within(60_000, new CliProcess(["doctor", ...args]).outcome, "the doctor");
  const examine = async (url: string, ...args: string[]) => {
    const { code, stdout, stderr } = await run([
      "--json",
      "--idle-seconds",
      "2",
      "--url",
      url,
      ...args,
    ]);
    if (stdout === "") throw new Error(stderr);
    const report = JSON.parse(stdout) as { verdict: string; findings: Finding[] };
    const find = (level: string) =>
      report.findings.filter((finding) => finding.level === level).map(({ check }) => check);
    const of = (check: string) => report.findings.find((finding) => finding.check === check);
    return { code, ...report, problems: find("problem"), notes: find("note"), of };
  };
  const start = () => startTestServer({ heartbeatMs: 500 });
  const behind = async (meddling: Meddling, heartbeatMs = 500) => {
    const { url } = await startTestServer({ heartbeatMs });
    return startMeddlingProxy(url, meddling);
  };

  it("finds nothing wrong where there is no proxy, and says what it measured", async () => {
    const { url } = await start();
    const { code, stdout } = await run(["--url", url, "--idle-seconds", "1"]);
    expect(code, stdout).to.equal(0);
    for (const line of [
      /^ok +path +The server answers in .* no header names a proxy\.$/m,
      /^ok +frame +The first event is there after \S+ ms, \d{4} characters\.$/m,
      /^ok +delivery +A message comes \S+ ms after its publish\.$/m,
      /^ok +idle +The stream stays open for 1 s of silence, with [1-9]\d* heartbeats?\.$/m,
      /^ok +close +A close is answered in \S+ ms; its event comes after \S+ ms/m,
      /^ok +gone +A client that has gone is noticed/m,
      /^ok +websocket +A WebSocket opens in/m,
      /^All is well\.$/m,
    ])
      expect(stdout).to.match(line);
  });

  it("finds that nginx with its defaults changes Host and passes no WebSocket, and names both directives", async () => {
    const { url } = await start();
    const { code, problems, notes, of } = await examine(await startNginx(url));
    expect({ code, problems, notes }).to.deep.equal({
      code: 1,
      problems: ["host"],
      notes: ["websocket"],
    });
    expect(of("path")?.sentence).to.contain("server: nginx");
    expect(of("host")?.advice).to.deep.equal([
      { proxy: "nginx", directives: ["proxy_set_header Host $http_host;"] },
    ]);
    expect(of("websocket")?.advice[0]?.directives.join()).to.contain("Upgrade $http_upgrade");
  });

  it("finds that nginx holds streams back, and nothing once its directives are set", async () => {
    const { url } = await start();
    const configure = (more: string) =>
      startConfiguredNginx(
        (address) =>
          `server { listen ${address}; location /push/ { proxy_pass ${url}/; ${more} } }`,
      );
    const holding = await configure("proxy_ignore_headers X-Accel-Buffering;");
    const held = await examine(`${holding}/push/`);
    expect(held.code).to.equal(1);
    expect(held.problems).to.include.members(["frame", "sse"]);
    const advice = held.of("frame")?.advice[0]?.directives ?? [];
    expect(advice[0]).to.equal("proxy_buffering off;");
    const mended = [
      "proxy_ignore_headers X-Accel-Buffering;",
      ...advice.filter((line) => !line.startsWith("#")),
      "proxy_set_header Host $http_host;",
      "proxy_set_header Upgrade $http_upgrade;",
      'proxy_set_header Connection "upgrade";',
    ];
    const free = await examine(`${await configure(mended.join(" "))}/push/`);
    expect(free.problems, JSON.stringify(free.findings)).to.deep.equal([]);
    expect(free.notes).to.deep.equal([]);
    expect(free.code).to.equal(0);
  });

  it("finds that HAProxy passes messages late, and nothing once its directives are set", async () => {
    const { url } = await start();
    const late = await examine(await startHttpHaproxy(url, []));
    expect(late.code).to.equal(1);
    expect(late.problems).to.deep.equal(["delivery"]);
    expect(late.of("delivery")?.sentence).to.match(/Messages come \d+ ms late/);
    const [, haproxy] = late.of("delivery")?.advice ?? [];
    expect(haproxy).to.deep.equal({ proxy: "HAProxy", directives: ["option http-no-delay"] });
    const free = await examine(
      await startHttpHaproxy(url, ["option http-no-delay", "option abortonclose"]),
    );
    expect(free.problems, JSON.stringify(free.findings)).to.deep.equal([]);
    expect(free.notes).to.deep.equal([]);
  });

  it("tells one message behind from all held back", async () => {
    const { problems, of } = await examine(await behind({ isOneBehind: true }, 30_000));
    expect(problems).to.include("delivery");
    expect(of("delivery")?.sentence).to.match(/^One message behind/);
    const proxies = of("delivery")?.advice.map(({ proxy }) => proxy);
    expect(proxies).to.deep.equal(["nginx", "HAProxy", "Apache", "Squid"]);
    const holding = await examine(await behind({ isHolding: true }, 30_000));
    expect(holding.of("frame")?.sentence).to.match(/its head came, but no event/);
    expect(holding.of("delivery")?.sentence).to.match(/none of them came/);
  });

  it("finds after which silence a connection is cut", async () => {
    const { problems, of } = await examine(await behind({ cutIdleMs: 700 }, 60_000));
    expect(problems).to.deep.equal(["idle"]);
    expect(of("idle")?.sentence).to.match(/cut after [67]\d\d ms: .*--heartbeat-ms below 3\d\d/);
  });

  it("says that it saw no heartbeat where it looked for a shorter time, and that WebSockets don't pass", async () => {
    const { code, notes, of } = await examine(await behind({}, 60_000));
    expect({ code, notes }).to.deep.equal({ code: 0, notes: ["idle", "websocket"] });
    expect(of("idle")?.sentence).to.match(/too short to see a heartbeat/);
  });

  it("measures all but the delivery where it may not publish", async () => {
    const secret = createSecretFile().path;
    const { url } = await startTestServer({ heartbeatMs: 500, secretFile: secret });
    const refused = await examine(url);
    expect(refused.problems).to.include("frame");
    expect(refused.of("frame")?.sentence).to.match(/refused \(401 FF_TOKEN_MISSING\): A token/);
    const token = async (...rights: string[]) => {
      const args = ["token", "--secret-file", secret, ...rights];
      const { stdout } = await new CliProcess(args).outcome;
      const path = `${secret}-${rights.join("")}`;
      writeFileSync(path, stdout);
      return path;
    };
    const readers = await token("--subscribe", "ff.doctor");
    const reading = await examine(url, "--token-file", readers);
    expect(reading.problems, JSON.stringify(reading.findings)).to.deep.equal([]);
    expect(reading.of("delivery")?.sentence).to.match(/^Nothing could be published.*\(403\)/);
    const both = await token("--subscribe", "t", "--publish", "t");
    const whole = await examine(url, "--token-file", both, "--channel", "t");
    expect(whole.of("delivery")?.level).to.equal("ok");
  });

  it("ends with 2 where nothing answers, or answers never", async () => {
    const nobody = await examine("http://127.0.0.1:1");
    expect([nobody.code, nobody.verdict]).to.deep.equal([2, "unreachable"]);
    const server = createServer((socket) => void socket.on("error", () => {}));
    silent.add(server.listen(0, "127.0.0.1"));
    await new Promise((resolve) => server.once("listening", resolve));
    const hanging = await examine(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect([hanging.code, hanging.verdict]).to.deep.equal([2, "unreachable"]);
    expect(hanging.of("path")?.sentence).to.match(/has not answered in time/);
  });

  it("ends with 2 where a proxy takes connections and closes them at once", async () => {
    const server = createServer((socket) => void socket.on("error", () => {}).destroy());
    silent.add(server.listen(0, "127.0.0.1"));
    await new Promise((resolve) => server.once("listening", resolve));
    const { code, of } = await examine(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    expect(code).to.equal(2);
    expect(of("path")?.sentence).to.match(/has not answered in time|There is no server/);
  });

  it("ends with 2 where something else answers", async () => {
    for (const status of [200, 404]) {
      const { url } = await startFaultyProxy("", () => ({ status, body: "<html>hello</html>" }));
      const { code, verdict, of } = await examine(url);
      expect([code, verdict]).to.deep.equal([2, "unreachable"]);
      expect(of("path")?.sentence).to.match(status === 200 ? /^Something else/ : /\(404\): <html>/);
    }
  });
});
