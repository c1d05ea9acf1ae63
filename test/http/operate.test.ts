import { readFileSync } from "node:fs";
import { expect } from "chai";
import { METRICS, SILENT_METRIC } from "../../src/http/metrics.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const TOKEN = "the-admin-token-of-this-test";

describe("what operators look at", () => {
  let url: string;

  beforeEach(async () => {
    ({ url } = await startTestServer({ adminToken: TOKEN, maxStreamsPerClient: 1 }));
  });
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const get = (path: string) =>
    fetch(`${url}${path}`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  const json = async (path: string): Promise<any> => (await get(path)).json();
  const metric = async (name: string, labels = "") => {
    const text = await (await get("/metrics")).text();
    const found = text.split("\n").find((line) => line.startsWith(`${name}{worker="0"${labels}} `));
    return Number(found?.split(" ")[1]);
  };

  for (const path of ["/metrics", "/stats", "/explain?client=panel&id=epoch.0000000000001"]) {
    it(`is refused without the admin token: GET ${path}`, async () => {
      const answer = await fetch(`${url}${path}`);
      expect(answer.status).to.equal(401);
      expect(await answer.json()).to.have.property("code", "FF_ADMIN_REQUIRED");
    });
  }

  it("are metrics, open to all where the settings say so", async () => {
    const open = await startTestServer({ metricsOpen: true });
    const answer = await fetch(`${open.url}/metrics`);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get("content-type")).to.match(/^text\/plain; version=0\.0\.4/);
    expect((await fetch(`${open.url}/stats`)).status).to.equal(401);
  });

  it("are metrics that count streams, messages, deliveries, refusals and time", async () => {
    const { connection } = await openFrame(url, "channels=doors&client=panel");
    const gone = await openFrame(url, "channels=doors&client=other");
    await publishJson(url, "doors", { vid: 7 });
    await connection.untilEvents((events) => events.length === 2, "the message");
    await gone.connection.untilEvents((events) => events.length === 2, "the message");
    expect((await fetch(`${url}/stream?channels=doors&client=panel`)).status).to.equal(429);
    gone.connection.socket.destroy();
    await eventually(
      5_000,
      async () => (await metric("foreverframe_streams", ',transport="frame"')) === 1,
      "the end",
    );
    for (const [name, labels, value] of [
      ["foreverframe_streams_opened_total", ',transport="frame"', 2],
      ["foreverframe_streams_closed_total", ',reason="gone"', 1],
      ["foreverframe_published_messages_total", "", 1],
      ["foreverframe_delivered_messages_total", "", 2],
      ["foreverframe_requests_refused_total", ',code="FF_CLIENT_STREAMS_TOO_MANY"', 1],
      ["foreverframe_append_seconds_count", "", 1],
      ["foreverframe_delivery_seconds_count", "", 2],
      ["foreverframe_log_available", "", 1],
    ] as const) {
      expect(await metric(name, labels), name).to.equal(value);
    }
    expect(await metric("foreverframe_delivered_bytes_total")).to.be.above(60);
    expect(await metric("process_resident_memory_bytes")).to.be.above(1e7);
  });

  it("are metrics that docs/metrics.md lists, and no others", async () => {
    const text = await (await get("/metrics")).text();
    const told = Array.from(text.matchAll(/^# TYPE (\S+) \w+$/gm), ([, name]) => name);
    expect(told).to.have.members([...METRICS.map(({ name }) => name), SILENT_METRIC]);
    const rows = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8")
      .split("\n")
      .filter((line) => /^\| `/.test(line));
    const wanted = METRICS.map(({ name, labels, kind, help }) =>
      `| \`${name}\` | ${labels.join(", ")} | ${kind}. ${help} |`.replaceAll("|  |", "| |"),
    );
    expect(rows.slice(0, -1)).to.deep.equal(wanted);
    expect(rows.at(-1)).to.contain(SILENT_METRIC);
  });

  it("are the processes, and the streams that ended last, in /stats", async () => {
    const { open } = await openFrame(url, "channels=doors&client=panel");
    await fetch(`${url}/streams/${open["stream"]}/close`, { method: "POST" });
    const { processes, ended, silent, samples, draining } = await json("/stats");
    expect([silent, samples, draining]).to.deep.equal([0, [], false]);
    expect(processes).to.have.lengthOf(1);
    expect(processes[0]).to.include({ worker: 0, pid: process.pid, node: process.versions.node });
    expect(ended[0]).to.include({ client: "panel", reason: "client", transport: "frame" });
    await fetch(`${url}/stream?channels=a/b&client=late`);
    const { refused } = await json("/stats");
    const last = { client: "late", address: "127.0.0.1", code: "FF_SELECTOR_INVALID" };
    expect(refused[0]).to.include({ ...last, route: "GET /stream" });
  });

  it("is why a client got a message, or did not, in /explain", async () => {
    const ask = async (client: string, id: string) =>
      (await json(`/explain?client=${client}&id=${id}`)) as Record<string, unknown>;
    const before = await publishJson(url, "doors", 1);
    const { connection, open } = await openFrame(url, "channels=doors&client=panel");
    const id = await publishJson(url, "doors", 2);
    await connection.untilEvents((events) => events.length === 2, "the message");
    const other = await publishJson(url, "gates", 3);
    expect(await ask("panel", before)).to.include({ verdict: "opened-later", channel: "doors" });
    expect(await ask("panel", id)).to.include({ verdict: "given", channel: "doors" });
    expect(await ask("panel", other)).to.include({ verdict: "not-subscribed", channel: "gates" });
    expect(await ask("nobody", id)).to.include({ verdict: "client-unknown" });
    await fetch(`${url}/streams/${open["stream"]}/ack`, {
      method: "POST",
      body: JSON.stringify({ cursor: id }),
    });
    expect(await ask("panel", id)).to.include({ verdict: "acknowledged" });
    await fetch(`${url}/streams/${open["stream"]}/close`, { method: "POST" });
    const missed = await publishJson(url, "doors", 4);
    expect(await ask("panel", missed)).to.include({ verdict: "closed-before" });
    expect(await ask("panel", id)).to.include({ verdict: "acknowledged" });
    await fetch(`${url}/stream?channels=doors,&client=late`);
    expect(await ask("late", id)).to.include({ verdict: "refused" });
    expect((await get("/explain?client=panel&id=7")).status).to.equal(400);
    expect((await get("/explain?id=epoch.0000000000001")).status).to.equal(400);
  });

  it("are the clients that have a channel open, by names and patterns, in pages", async () => {
    await openFrame(url, "channels=doors.north&client=b");
    await openFrame(url, "channels=doors.*&client=a");
    await openFrame(url, "channels=**");
    await openFrame(url, "channels=gates&client=c");
    const path = "/channels/doors.north/clients";
    const answer = { channel: "doors.north", total: 2, unnamed: 1 };
    expect(await json(path)).to.deep.equal({ ...answer, clients: ["a", "b"] });
    expect(await json(`${path}?limit=1`)).to.deep.equal({ ...answer, clients: ["a"] });
    expect(await json(`${path}?after=a`)).to.deep.equal({ ...answer, clients: ["b"] });
  });

  it("are the clients of a channel for one address 40 times at once, and then 20 times in a second", async () => {
    const ask = async () => (await fetch(`${url}/channels/doors/clients`)).status;
    const answers = await Promise.all(Array.from({ length: 80 }, ask));
    expect(answers.filter((status) => status === 503)).to.have.lengthOf.within(1, 40);
    expect(answers.filter((status) => status === 200)).to.have.lengthOf.within(40, 79);
    await eventually(2_000, async () => (await ask()) === 200, "another answer");
  });

  it("are streams, sorted and chosen, page after page, each once", async () => {
    for (const client of ["a", "b", "c", "d"])
      await openFrame(url, `channels=${client},all&client=${client}`);
    for (const [channel, times] of [
      ["b", 3],
      ["d", 2],
      ["a", 1],
    ] as const)
      for (let n = 0; n < times; n++) await publishJson(url, channel, n);
    const names: unknown[] = [];
    for (let after = ""; after !== "null"; ) {
      const page = await json(`/streams?sort=messages&limit=1&after=${after}`);
      expect(page.total).to.equal(4);
      names.push(...page.streams.map(({ client }: { client: string }) => client));
      after = String(page.next);
    }
    expect(names).to.deep.equal(["b", "d", "a", "c"]);
    expect((await json("/streams?channel=c")).streams).to.have.lengthOf(1);
    expect((await json("/streams?channel=all")).total).to.equal(4);
    expect((await json("/streams?client=c")).streams[0]).to.include({ client: "c", lagMs: 0 });
    expect((await json("/streams?transport=sse")).total).to.equal(0);
    expect((await get("/streams?sort=name")).status).to.equal(400);
  });
});
