import { expect } from "chai";
import { closeConnections, openFrame, publishJson, type WireEvent } from "../support/raw-http.ts";
import { hasInfo, type RedisProcess, stopRedis } from "../support/redis.ts";
import { type RedisCluster, startCluster } from "../support/redis-cluster.ts";
import { ask } from "../support/request.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const KEY = "{ff:}marks";

describe("two servers whose Redis is a cluster", function () {
  this.timeout(120_000);
  let cluster: RedisCluster;

  beforeEach(async () => {
    cluster = await startCluster();
  });
  afterEach(async () => {
    closeConnections();
    killProcesses();
    await stopRedis();
    removeTemporaryDirectories();
  });

  const serve = (url: string) =>
    startServeProcess(["--log", url, "--heartbeat-ms", "1000", "--redis-wait", "1"]);
  const publishAgain = (url: string, value: string) =>
    eventually(
      30_000,
      async () => {
        const { status } = await ask(url, "POST", "/channels/a/messages", {
          headers: { "Content-Type": "application/json", "Idempotency-Key": value },
          body: JSON.stringify(value),
          ms: 20_000,
        });
        return status === 201;
      },
      `${value} taken`,
    );
  const dataOf = (events: readonly WireEvent[]) =>
    events.filter(({ type }) => type === "message").map(({ data }) => data);
  const hasData = (wanted: unknown) => (events: readonly WireEvent[]) =>
    dataOf(events).includes(wanted);

  it("find the node that has the log, and follow the log when its node changes", async () => {
    const [one, two] = await Promise.all([serve(cluster.url), serve(cluster.url)]);
    const streams = await Promise.all(
      [one, two].flatMap(({ url }) => [openFrame(url, "channels=a"), openFrame(url, "channels=*")]),
    );
    const said = ["0"];
    let servers = 2;
    await publishJson(one.url, "a", "0");
    const steps: Readonly<Record<string, () => Promise<unknown>>> = {
      "the slot was moved": () => cluster.moveSlot(KEY),
      "its replica was made the master": async () => {
        const master = await cluster.masterOf(KEY);
        const replica = await cluster.replicaOf(master);
        await replica.command("CLUSTER", "FAILOVER");
        await eventually(20_000, () => hasInfo(replica, "role:master"), "the new master");
        await eventually(20_000, () => hasInfo(master, "role:slave"), "the old master");
      },
      "its master was killed": async () => {
        const master = await cluster.masterOf(KEY);
        const replica = await cluster.replicaOf(master);
        await isCopied(replica);
        await master.stop();
        await eventually(20_000, () => hasInfo(replica, "role:master"), "the new master");
        await master.start();
      },
    };
    for (const [what, step] of Object.entries(steps)) {
      await step();
      await publishAgain(two.url, what);
      said.push(what);
      for (const { connection } of streams) {
        const events = await connection.untilEvents(hasData(what), what, 20_000);
        expect(dataOf(events)).to.deep.equal(said);
        const gaps = events.filter(({ type }) => type === "gap");
        expect(gaps, "the next may lack something").to.have.lengthOf(said.length - 1);
      }
      const { open } = await openFrame(one.url, "channels=b");
      const { url: late } = await serve(cluster.url); // it has never seen the node from before
      servers++;
      await eventually(
        10_000,
        async () => (await countListeners()) === servers,
        "all listen there",
      );
      const closed = await ask(late, "POST", `/streams/${open["stream"]}/close`);
      expect(closed.json, what).to.include({ reason: "client" });
    }
  });

  it("are refused at one of its nodes, with the URL that is meant", async () => {
    const [node] = cluster.nodes as [RedisProcess];
    const { outcome } = new CliProcess(["serve", "--port", "0", "--log", node.url]);
    const { stderr } = await within(20_000, outcome, "the refusal");
    expect(stderr).to.include(`--log redis-cluster://127.0.0.1:${node.port}`);
  });

  /** Servers that listen at the node that has the log. */
  async function countListeners(): Promise<number> {
    const master = await cluster.masterOf(KEY);
    const reply = (await master.command("PUBSUB", "NUMSUB", "{ff:}bus")) as readonly unknown[];
    return Number(reply[1]);
  }

  async function isCopied(replica: RedisProcess): Promise<void> {
    await eventually(20_000, () => hasInfo(replica, "master_link_status:up"), "the copy");
  }
});
