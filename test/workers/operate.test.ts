import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { childrenOf, killProcesses, startServeProcess } from "../support/serve-process.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

const TOKEN = "the-admin-token-of-this-test";

describe("what operators look at, with two workers", function () {
  this.timeout(60_000);
  let url: string;
  let pid: number | undefined;

  beforeEach(async () => {
    const started = await startServeProcess([
      "--workers",
      "2",
      "--admin-token",
      TOKEN,
      "--data",
      createTemporaryDirectory(),
    ]);
    url = started.url;
    pid = started.process.child.pid;
  });
  afterEach(() => {
    closeConnections();
    killProcesses();
  });

  const get = (path: string) =>
    fetch(`${url}${path}`, { headers: { Authorization: `Bearer ${TOKEN}`, Connection: "close" } });
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  const json = async (path: string): Promise<any> => (await get(path)).json();
  const streamsOf = async (worker: number) => {
    const text = await (await get("/metrics")).text();
    const line = `foreverframe_streams{worker="${worker}",transport="frame"} `;
    return Number(
      text
        .split("\n")
        .find((one) => one.startsWith(line))
        ?.slice(line.length),
    );
  };

  /** Open streams until both workers have some. */
  const openOnBoth = async (): Promise<number> => {
    for (let count = 1; count <= 50; count++) {
      await openFrame(url, `channels=doors&client=panel-${count}`);
      if ((await streamsOf(0)) > 0 && (await streamsOf(1)) > 0) return count;
    }
    throw new Error("one worker took all of 50 streams");
  };

  it("is of both, whichever is asked: metrics, presence, explanations and closes by handle", async () => {
    const count = await openOnBoth();
    expect((await streamsOf(0)) + (await streamsOf(1))).to.equal(count);
    const { clients, total } = await json("/channels/doors/clients");
    expect(total).to.equal(count);
    const id = await publishJson(url, "doors", 1);
    for (const client of clients) {
      await eventually(
        5_000,
        async () => (await json(`/explain?client=${client}&id=${id}`)).verdict === "given",
        `what ${client} got`,
      );
    }
    const { streams } = await json("/streams?sort=age");
    expect(streams).to.have.lengthOf(count);
    for (const { handle } of streams) {
      const path = `${url}/streams/${handle}/close`;
      const headers = { Authorization: `Bearer ${TOKEN}` };
      const closed = await fetch(path, { method: "POST", headers });
      expect(await closed.json()).to.deep.equal({ closed: 1 });
    }
    expect((await json("/streams")).total).to.equal(0);
    const { processes, ended, silent } = await json("/stats");
    expect([processes.length, silent]).to.deep.equal([2, 0]);
    expect(ended).to.have.lengthOf(count);
  });

  it("tells how many do not answer, and shows the others", async () => {
    await openOnBoth();
    const [first = 0] = childrenOf(pid ?? 0);
    process.kill(first, "SIGSTOP");
    try {
      await eventually(
        30_000,
        async () => {
          const answer = await fetch(`${url}/stats`, {
            headers: { Authorization: `Bearer ${TOKEN}`, Connection: "close" },
            signal: AbortSignal.timeout(8_000),
          }).catch(() => null);
          if (answer === null) return false; // the stopped one took the connection
          const { processes, silent } = (await answer.json()) as {
            processes: unknown[];
            silent: number;
          };
          return processes.length === 1 && silent === 1;
        },
        "one of two",
      );
    } finally {
      process.kill(first, "SIGCONT");
    }
  });
});
