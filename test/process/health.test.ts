import { statfsSync } from "node:fs";
import { expect } from "chai";
import { type Alarm, Alarms } from "../../src/core/alarms.ts";
import { DiskWatch } from "../../src/core/disk-watch.ts";
import { startConfiguredHaproxy, stopHaproxy } from "../support/haproxy.ts";
import { ask } from "../support/request.ts";
import {
  type CliProcess,
  childrenOf,
  killProcesses,
  startServeProcess,
} from "../support/serve-process.ts";
import { SmallDiskServer } from "../support/small-disk.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

describe("the health of a server", function () {
  this.timeout(60_000);
  let small: SmallDiskServer | null = null;

  afterEach(async () => {
    small?.kill();
    small = null;
    killProcesses();
    await stopHaproxy();
    await stopServers();
    removeTemporaryDirectories();
  });

  it("is told to everybody, whoever may read or publish", async () => {
    const { url } = await startTestServer({ adminToken: "a-token" });
    for (const path of ["/livez", "/healthz"])
      expect((await ask(url, "GET", path)).json).to.deep.equal({ status: "ok" });
    for (const path of ["/readyz", "/readyz?publish=1"]) {
      const ready = { status: "ready", publishing: true, alarms: [] };
      expect((await ask(url, "GET", path)).json).to.deep.equal(ready);
    }
  });

  for (const [check, status] of [
    ["option httpchk", 200],
    ["option httpchk OPTIONS *", 200],
    ["option httpchk GET /livez", 200],
    ["option httpchk GET /readyz", 200],
    ["option httpchk GET /readyz?publish=1", 200],
    ["option httpchk GET /nowhere", 503],
  ] as const) {
    it(`has HAProxy answer ${status} behind "${check}"`, async () => {
      const { url } = await startTestServer();
      const proxy = await startConfiguredHaproxy(
        (address) => `defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend front
  bind ${address}
  default_backend back
backend back
  ${check}
  server one ${new URL(url).host} check inter 50ms fall 1 rise 1`,
      );
      await new Promise((resolve) => setTimeout(resolve, 500)); // ten checks
      const answers = async () => (await fetch(`${proxy}/livez`)).status === status;
      await eventually(3_000, answers, `status ${status}`);
    });
  }

  it("has an alarm where workers are replaced again and again, in each of them and once in the log", async () => {
    const { process: server, url } = await startServeProcess([
      ...["--workers", "2", "--data", createTemporaryDirectory(), "--drain-ms", "500"],
    ]);
    const workersOf = ({ child }: CliProcess) => childrenOf(child.pid ?? 0);
    for (let n = 1; n <= 3; n++) {
      const [victim] = workersOf(server);
      process.kill(Number(victim), "SIGKILL");
      const ended = () => server.stderr.match(/worker ended: starting another/g)?.length === n;
      await eventually(10_000, ended, "the end of a worker");
      await eventually(
        20_000,
        () => workersOf(server).length === 2 && !workersOf(server).includes(Number(victim)),
        "another worker",
      );
    }
    const alarms = new Set<string>();
    await eventually(
      20_000,
      async () => {
        for (let n = 0; n < 10; n++) {
          const answer = await ask(url, "GET", "/readyz").catch(() => null);
          alarms.add(JSON.stringify(answer?.json.alarms.map(({ code }: Alarm) => code) ?? null));
        }
        const isTold = /Workers were replaced 3 times.*SIGKILL/.test(server.stderr);
        return isTold && alarms.has('["workers-failing"]');
      },
      () => `the alarm; the answers had ${[...alarms]}, the log ${server.stderr.slice(-500)}`,
    );
    expect(server.stderr.match(/Workers were replaced/g)).to.have.lengthOf(1);
  });

  it("has an alarm where a real disk fills, before it is full", async () => {
    small = SmallDiskServer.start(
      createTemporaryDirectory(),
      { mib: 16, filledBytes: 4_000_000 },
      ...["--retain-messages", "100000"],
    );
    const url = await small.url();
    const texts: string[] = [];
    const alarms = new Alarms({
      unixNow: Date.now,
      onBegin: ({ text }) => texts.push(text),
      onEnd: () => texts.push("over"),
    });
    // The disk is real, and a minute passes with each publish.
    let now = 0;
    let look = () => {};
    const scheduler = {
      monotonicMs: () => now,
      every: (_ms: number, run: () => void) => {
        look = run;
        return () => {};
      },
    };
    const freeBytes = () => {
      const { bavail, bsize } = statfsSync(small?.path(".") ?? "/nowhere");
      return bavail * bsize;
    };
    const watch = new DiskWatch({ scheduler, alarms, freeBytes });
    for (let n = 0; n < 40 && texts.length === 0; n++) {
      const headers = { "Content-Type": "text/plain" };
      const body = "x".repeat(60_000);
      expect((await ask(url, "POST", "/channels/a/messages", { headers, body })).status).to.equal(
        201,
      );
      now += 60_000;
      look();
    }
    expect(texts[0]).to.match(/^The disk of the log has \d+ MiB left and will be full in \d/);
    expect(freeBytes()).to.be.above(1_048_576);
    small.makeRoom();
    for (let n = 0; n < 500 && texts.length === 1; n++) {
      now += 60_000;
      look();
    }
    expect(texts[1]).to.equal("over");
    watch.stop();
  });
});
