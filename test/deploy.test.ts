import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { SETTINGS } from "../src/settings/settings.ts";
import { ask } from "./support/request.ts";
import { startTestServer, stopServers } from "./support/test-server.ts";

const read = (name: string) => readFileSync(new URL(`../deploy/${name}`, import.meta.url), "utf8");
const numberOf = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1]);

/** How much longer than its drain a worker may take to end, and what a process needs beside it. */
const GRACE_S = 5;
const DRAIN_S = SETTINGS.drainMs.default / 1_000;

describe("the files in deploy/", () => {
  afterEach(stopServers);

  it("give the server more time to stop than its drain takes", () => {
    const kubernetes = read("kubernetes.yaml");
    const preStop = numberOf(kubernetes, /preStop: .*sleep, "(\d+)"/);
    const grace = numberOf(kubernetes, /terminationGracePeriodSeconds: (\d+)/);
    expect(grace).to.be.at.least(preStop + DRAIN_S + GRACE_S);
    const unit = read("foreverframe.service");
    expect(numberOf(unit, /TimeoutStopSec=(\d+)/)).to.be.at.least(DRAIN_S + GRACE_S);
  });

  it("probe addresses that the server has, with a Host that it takes", async () => {
    const { url } = await startTestServer({ allowedHosts: ["push.example"] });
    const probes = Array.from(
      read("kubernetes.yaml").matchAll(/httpGet: \{ path: (\S+), .*name: Host, value: (\S+) \}/g),
    );
    expect(probes.map(([, path]) => path)).to.deep.equal(["/livez", "/livez", "/readyz"]);
    for (const [, path = "", host = ""] of probes)
      expect((await ask(url, "GET", path, { headers: { Host: host } })).status).to.equal(200);
  });

  it("run as nobody who may do more: not as root, and without capabilities", () => {
    expect(read("Dockerfile")).to.match(/^USER node$/m);
    const kubernetes = read("kubernetes.yaml");
    expect(kubernetes).to.match(/runAsNonRoot: true/);
    expect(kubernetes).to.match(/capabilities: \{ drop: \[ALL\] \}/);
    expect(read("foreverframe.service")).to.match(/^DynamicUser=yes$/m);
  });

  it("have a check for docker that tells a server which answers from one that does not", async () => {
    const line = /^HEALTHCHECK .*? CMD (\[.*\])$/m.exec(read("Dockerfile"))?.[1] ?? "[]";
    const [command, ...args] = JSON.parse(line) as string[];
    expect(command).to.equal("node");
    const { url } = await startTestServer();
    const { port } = new URL(url);
    // In a process of its own, so that the server in this one can answer it.
    const check = (to: string) =>
      new Promise<number | null>((resolve) => {
        const child = spawn(process.execPath, args, {
          env: { ...process.env, FOREVERFRAME_PORT: to },
        });
        child.once("exit", resolve);
      });
    expect(await check(port)).to.equal(0);
    await stopServers();
    expect(await check(port)).to.equal(1);
  });
});
