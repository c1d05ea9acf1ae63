import { expect } from "chai";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { within } from "../support/within.ts";

describe("a server that is killed with SIGKILL while messages are published", function () {
  this.timeout(30_000);

  afterEach(() => {
    closeConnections();
    killProcesses();
    removeTemporaryDirectories();
  });

  it("has every message that it answered 201 after a restart, and a client's cursor goes on", async () => {
    const data = createTemporaryDirectory();
    const first = await startServeProcess(["--data", data, "--retain-messages", "1000000"]);
    const { connection, open } = await openFrame(first.url, "channels=doors");
    const answered: string[] = [];
    const publishers = Promise.allSettled(
      Array.from({ length: 8 }, async (_, publisher) => {
        for (let n = 0; ; n++)
          answered.push(await publishJson(first.url, "doors", { publisher, n }));
      }),
    );
    await connection.untilEvents((events) => events.length > 300, "300 messages", 20_000);
    first.process.kill("SIGKILL");
    await within(5_000, first.process.outcome, "the end of the server");
    await publishers;
    const seen = connection.frameEvents().flatMap(({ id }) => (id === undefined ? [] : String(id)));

    const second = await startServeProcess(["--data", data, "--retain-messages", "1000000"]);
    const resumed = new RawConnection(second.url);
    const cursor = seen.at(-1) ?? open["cursor"];
    resumed.send(`GET /stream?channels=doors&after=${cursor} HTTP/1.1`, "Host: 127.0.0.1");
    const last = await publishJson(second.url, "doors", "after the restart");
    const events = await resumed.untilEvents(
      (all) => all.some(({ id }) => id === last),
      "the new message",
    );
    const all = [...seen, ...events.flatMap(({ id }) => (id === undefined ? [] : String(id)))];

    expect(events.map(({ type }) => type)).to.not.include("gap");
    expect(all, "in log order, each once").to.deep.equal([...new Set(all)].sort());
    const missing = answered.filter((id) => !all.includes(id));
    expect(missing, `of ${answered.length} answered`).to.deep.equal([]);
  });
});
