import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describeInBrowser, shoot, untilText } from "../browser/browsers.ts";
import { freePort } from "../support/free-port.ts";
import { killPrograms, Program } from "../support/program.ts";
import { publishJson } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { childrenOf } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describeInBrowser("two servers on one Redis behind HAProxy", (suite) => {
  afterEach(async () => {
    await killPrograms();
    removeTemporaryDirectories();
  });

  it("are one for a page: it closes, comes back, and goes on when its server is killed", async function () {
    this.timeout(90_000);
    const [front, one, two, redis] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const directory = createTemporaryDirectory();
    const cluster = new Program(`${ROOT}examples/cluster/start.sh`, [], ROOT, {
      FF_PORT: String(front),
      FF_ONE: String(one),
      FF_TWO: String(two),
      FF_REDIS: String(redis),
      FF_DATA: directory,
    });
    try {
      await useIt(cluster, front, one, two);
    } finally {
      expect(await cluster.stop("SIGTERM", 20_000)).to.equal(0);
    }
  });

  const useIt = async (cluster: Program, front: number, one: number, two: number) => {
    const url = `http://127.0.0.1:${front}`;
    const isUp = (port: number) =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await eventually(30_000, async () => (await isUp(one)) && isUp(two), "both servers");
    await eventually(10_000, () => isUp(front), "HAProxy");

    const page = await suite.newPage();
    await page.goto(url);
    await untilText(page, "state", "open");
    await publishJson(url, "news", "one");
    await untilText(page, "count", "1");
    await page.click("#close");
    await untilText(page, "state", "closed");
    await publishJson(url, "news", "two");
    await page.click("#reopen");
    await untilText(page, "count", "2");
    await untilText(page, "state", "open");

    // Polls and closes land on any of the two.
    const poll = async (query: string) =>
      (await ask(url, "GET", `/stream?transport=poll&channels=news&${query}`)).json;
    let { stream, cursor } = await poll("wait=0&last=1");
    for (let n = 0; n < 4; n++) {
      await publishJson(url, "news", n);
      const answer = await poll(`wait=5&stream=${stream}&after=${cursor}`);
      expect(answer.messages.map(({ data }: { data: unknown }) => data)).to.deep.equal([n]);
      ({ stream, cursor } = answer);
    }
    const closed = await ask(url, "POST", `/streams/${stream}/close`);
    expect(closed.json).to.include({ closed: true, reason: "client" });

    // Both servers, one after the other: the page is on one of them.
    const servers = childrenOf(cluster.pid).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("cli.js"),
    );
    expect(servers).to.have.lengthOf(2);
    await untilText(page, "count", "6");
    process.kill(servers[0] ?? 0, "SIGKILL");
    // A publish that the killed server had already stored may go unanswered. Its key lets it be
    // sent again.
    const publish = () =>
      fetch(`${url}/channels/news/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": "after-a-kill" },
        body: JSON.stringify("after a kill"),
      }).then(
        ({ status }) => status === 201,
        () => false,
      );
    await eventually(10_000, publish, "a publish");
    await untilText(page, "count", "7", 40_000);
    await shoot(page, "cluster");
  };
});

describe("the files for containers", () => {
  const read = (path: string) => readFileSync(`${ROOT}${path}`, "utf8");

  it("give HAProxy what the example gives it", () => {
    const shared = /^(option|balance|timeout|retr|default-server|http-request)/;
    const lines = (text: string) =>
      text
        .split("\n")
        .map((line) => line.replace(/#.*/, "").trim())
        .filter((line) => shared.test(line));
    const own = lines(read("examples/cluster/haproxy.cfg"));
    expect(own.length).to.be.above(10);
    expect(lines(read("examples/cluster/compose.yaml"))).to.deep.equal(own);
  });

  it("name settings that there are", () => {
    const known = read("docs/configuration.md");
    for (const path of ["examples/cluster/compose.yaml", "deploy/kubernetes.yaml"]) {
      for (const [name] of read(path).matchAll(/FOREVERFRAME_[A-Z_]+/g))
        expect(known, `${name} in ${path}`).to.include(`\`${name}\``);
    }
  });
});
