import { expect } from "chai";
import { closeConnections, openFrame, publishJson, type WireEvent } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { childrenOf, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

describe("workers of which one appends for all", function () {
  this.timeout(60_000);

  afterEach(() => {
    closeConnections();
    killProcesses();
    removeTemporaryDirectories();
  });

  it("take publishes again within a second when the one that appends for all is killed, and keep those answered", async () => {
    const { process, url } = await startServeProcess([
      ...["--workers", "3", "--data", createTemporaryDirectory()],
      ...["--retain-messages", "1000000"],
    ]);
    const answered: { value: string; at: number }[] = [];
    const codes = new Set<string>();
    let isDone = false;
    const publishers = Array.from({ length: 6 }, async (_, p) => {
      for (let n = 0; !isDone; n++) {
        const value = `${p}-${n}`;
        const headers = { "Content-Type": "application/json" };
        const body = JSON.stringify(value);
        const path = "/channels/doors/messages";
        const answer = await ask(url, "POST", path, { headers, body }).catch(() => null);
        if (answer?.status === 201) answered.push({ value, at: performance.now() });
        else if (answer !== null) codes.add(answer.json["code"]);
      }
    });
    await eventually(10_000, () => answered.length > 100, "100 publishes");
    const [first] = childrenOf(process.child.pid ?? 0).toSorted((a, b) => a - b);
    const killedAt = performance.now();
    global.process.kill(first ?? 0, "SIGKILL");
    const isAgain = () => answered.filter(({ at }) => at > killedAt + 50).length > 100;
    await eventually(10_000, isAgain, "100 more");
    isDone = true;
    await Promise.all(publishers);
    const next = answered.find(({ at }) => at > killedAt + 50)?.at ?? 0;
    expect(next - killedAt, "ms until the next").to.be.below(1_000);
    expect([...codes]).to.satisfy((all: string[]) => all.every((c) => c === "FF_LOG_UNAVAILABLE"));
    const last = await publishJson(url, "doors", "last");
    const origin = last.replace(/\..*/, ".0000000000000");
    const { connection } = await openFrame(url, `channels=doors&after=${origin}`);
    const hasLast = (all: readonly WireEvent[]) => all.some((event) => event["id"] === last);
    const events = await connection.untilEvents(hasLast, "the last", 20_000);
    const kept = new Set(events.map((event) => event["data"]));
    expect(answered.filter(({ value }) => !kept.has(value))).to.deep.equal([]);
  });
});
