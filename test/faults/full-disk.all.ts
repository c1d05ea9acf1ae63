import { expect } from "chai";
import { closeConnections, openFrame } from "../support/raw-http.ts";
import { type Answer, ask, messagesOf } from "../support/request.ts";
import { SmallDiskServer } from "../support/small-disk.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

describe("a log on a disk that is full", function () {
  this.timeout(60_000);
  let server: SmallDiskServer;

  afterEach(() => {
    closeConnections();
    server.kill();
    removeTemporaryDirectories();
  });

  const publish = async (bytes: number, channel = "a") =>
    ask(await server.url(), "POST", `/channels/${channel}/messages`, {
      headers: { "Content-Type": "text/plain" },
      body: "x".repeat(bytes),
    });
  /** Publish until that is refused, at most 10,000 times. */
  const untilRefused = async (publishOnce: () => Promise<Answer>): Promise<Answer> => {
    for (let n = 0; n < 10_000; n++) {
      const answer = await publishOnce();
      if (answer.status !== 201) return answer;
    }
    throw new Error("the disk is not full after 10,000 publishes");
  };
  const fill = (stored: string[] = [], channel = "a", bytes = 60_000) =>
    untilRefused(async () => {
      const answer = await publish(bytes, channel);
      if (answer.status === 201) stored.push(answer.json.id);
      return answer;
    });
  const untilStored = (bytes: number, ms: number) =>
    eventually(
      ms,
      async (): Promise<Answer | false> => {
        const answer = await publish(bytes);
        return answer.status === 201 && answer;
      },
      "room again",
    );
  const ready = async (query = "") => ask(await server.url(), "GET", `/readyz${query}`);

  it("refuses publishes with 503 FF_LOG_FULL, keeps its streams, and goes on when there is room", async () => {
    server = SmallDiskServer.start(
      createTemporaryDirectory(),
      { mib: 6, filledBytes: 3_000_000 },
      ...["--retain-messages", "100000", "--recycle-bytes", "0"],
    );
    const { connection } = await openFrame(await server.url(), "channels=a");
    const stored: string[] = [];
    const refused = await fill(stored);
    expect(refused.status, refused.text).to.equal(503);
    expect(refused.json).to.have.property("code", "FF_LOG_FULL");
    expect(refused.headers["retry-after"]).to.equal("5");
    expect(stored.length).to.be.above(3);
    expect(connection.ended).to.equal(false);
    server.makeRoom();
    const again = await untilStored(60_000, 10_000);
    stored.push(again.json.id);
    const events = await connection.untilEvents(
      (all) => all.at(-1)?.["id"] === again.json.id || all.at(-1)?.type === "close",
      "the message after the trouble",
    );
    const given = events.flatMap(({ id }) => (id === undefined ? [] : String(id)));
    expect(given, "what was answered 201, and nothing else").to.deep.equal(stored);
    expect(await server.stop(), server.stderr).to.equal(0);
    for (const line of server.stderr.trim().split("\n"))
      expect(JSON.parse(line)).to.have.property("msg");
    expect(server.stderr).to.not.match(/unhandled/i);
  });

  it("is ready for streams but not for publishes while it is full, says so once, and once when it is over", async () => {
    server = SmallDiskServer.start(createTemporaryDirectory(), { mib: 6, filledBytes: 3_000_000 });
    expect((await ready()).json).to.include({ status: "ready", publishing: true });
    await fill();
    for (let n = 0; n < 5; n++) await publish(60_000);
    const full = await ready();
    expect(full.status).to.equal(200);
    expect(full.json).to.include({ publishing: false, code: "FF_LOG_FULL" });
    expect(full.json.detail).to.match(/^This server delivers what its log has.*: make room/);
    const refused = await ready("?publish=1");
    expect([refused.status, refused.json.code]).to.deep.equal([503, "FF_LOG_FULL"]);
    const { connection } = await openFrame(await server.url(), "channels=a&last=1");
    await connection.untilEvents((events) => messagesOf(events).length === 1, "the last message");
    expect(server.lines(/publishes are refused/)).to.have.lengthOf(1);
    server.makeRoom();
    // Nobody publishes: the log looks for itself.
    await eventually(15_000, async () => (await ready()).json.publishing, "a server that is ready");
    expect(server.lines(/publishes are refused/)).to.have.lengthOf(1);
    expect(server.lines(/log available again/)).to.have.lengthOf(1);
    expect(server.lines(/can't be trimmed/)).to.have.lengthOf(0);
    expect((await publish(60_000)).status).to.equal(201);
  });

  it("lets a channel be deleted, and takes publishes in its room", async () => {
    const token = "a-token";
    server = SmallDiskServer.start(
      createTemporaryDirectory(),
      { mib: 32, filledBytes: 12_000_000 },
      ...["--retain-messages", "100000", "--admin-token", token],
    );
    const url = await server.url();
    expect(server.has("reserve")).to.equal(true);
    // Small messages of many channels in turn, so that a page holds some of each of several.
    const channels = Array.from({ length: 100 }, (_, n) => `c${n}`);
    const spread = () =>
      ask(url, "POST", "/messages", {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ channels, data: "x".repeat(400) }),
      });
    const { json } = await untilRefused(spread);
    expect(json.code).to.equal("FF_LOG_FULL");
    const remove = async (channel: string) => {
      const { status, text } = await ask(url, "DELETE", `/channels/${channel}`, {
        headers: { Authorization: `Bearer ${token}` },
        ms: 20_000,
      });
      expect(status, text).to.equal(200);
    };
    await remove("c0");
    await untilStored(100, 5_000);
    for (const channel of channels) await remove(channel);
    await untilStored(60_000, 5_000);
    expect(server.has("reserve"), "given up").to.equal(false);
    server.makeRoom();
    await eventually(10_000, () => server.has("reserve"), "a reserve again");
  });

  it("removes what is old, and goes on by itself", async () => {
    server = SmallDiskServer.start(
      createTemporaryDirectory(),
      { mib: 24, filledBytes: 4_000_000 },
      ...["--retain-ms", "8000", "--trim-ms", "100", "--retain-messages", "100000"],
    );
    await fill();
    await untilStored(60_000, 20_000);
  });

  it("is opened again, and not taken for damaged", async () => {
    server = SmallDiskServer.start(
      createTemporaryDirectory(),
      { mib: 6, filledBytes: 3_000_000, runs: 2 },
      ...["--retain-messages", "100000"],
    );
    await fill();
    await untilRefused(() => publish(1));
    const pid = server.lines(/listening/)[0]?.["pid"];
    process.kill(Number(pid), "SIGKILL");
    const url = await server.url(2);
    const { json } = await ask(url, "GET", "/channels/a/messages?limit=1000");
    expect(json.messages.length).to.be.above(3);
  });
});
