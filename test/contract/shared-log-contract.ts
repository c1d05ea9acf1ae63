import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Cursor } from "../../src/core/cursor.ts";
import { type MessageLog, originOf } from "../../src/core/log.ts";
import { ChangingRules } from "../support/changing-rules.ts";
import { newMessage } from "../support/messages.ts";
import type { LogFixture } from "./log-contract.ts";
import { dataOf } from "./log-under-test.ts";

let locations = 0;

/** What several processes that have one log open may rely on, checked with two openers. */
export function describeSharedLog(name: string, { open }: LogFixture): void {
  describe(`${name} that two have open`, () => {
    let one: MessageLog;
    let two: MessageLog;
    let now: number;
    let rules: ChangingRules;

    beforeEach(async () => {
      now = 1_795_304_019_000;
      rules = new ChangingRules();
      const location = `shared-${process.pid}-${++locations}`;
      const openHere = () =>
        open(location, {
          now: () => now,
          monotonicMs: () => now,
          retention: rules,
          maxIdempotencyKeys: 100,
          maxChannels: 100,
          maxLogBytes: 1e12,
        });
      one = await openHere();
      two = await openHere();
    });
    afterEach(async () => {
      await one.close();
      await two.close();
    });

    const append = (log: MessageLog, channel: string, data: string, key?: string) =>
      log.append({
        messages: [newMessage(channel, data)],
        ...(key === undefined ? {} : { idempotency: { key } }),
      });
    const read = (log: MessageLog, channels: string, after = originOf(log.epoch)) =>
      log.read({
        selectors: parseSelectors(channels),
        after,
        upTo: null,
        maxMessages: 1_000,
        maxBytes: 10_000_000,
      });

    it("has one epoch", () => {
      expect(two.epoch).to.equal(one.epoch);
    });

    it("gives 400 appends of both rising ids, each once, and both read the same", async () => {
      const logs = [one, two];
      const answers = await Promise.all(
        Array.from({ length: 400 }, (_, n) =>
          append(logs[n % 2] as MessageLog, `c${n % 3}`, String(n)),
        ),
      );
      const ids = answers.flat();
      for (const selectors of ["**", "c0,c1,c2"]) {
        const [here, there] = await Promise.all(logs.map((log) => read(log, selectors)));
        expect(here?.messages.map(({ id }) => id)).to.deep.equal([...ids].sort());
        expect(there?.messages.map(({ json }) => json.toString())).to.deep.equal(
          here?.messages.map(({ json }) => json.toString()),
        );
      }
      expect(new Set(ids)).to.have.lengthOf(400);
    });

    it("shows each at once what the other was answered for", async () => {
      for (let n = 0; n < 20; n++) {
        const [writer, reader] = n % 2 === 0 ? [one, two] : [two, one];
        const [id] = await append(writer, "a", String(n));
        expect(await reader.tip()).to.equal(id);
        expect((await read(reader, "a")).messages.at(-1)?.id).to.equal(id);
      }
    });

    it("never shows a message after a later one, while both append", async () => {
      const seen: Cursor[] = [];
      let running = 2;
      const writers = [one, two].map(async (log, which) => {
        for (let n = 0; n < 100; n++) await append(log, `c${which}`, String(n));
        running--;
      });
      let after = originOf(one.epoch);
      for (let isDone = false; !isDone; ) {
        const isQuiet = running === 0; // before the read, which may miss what comes during it
        const batch = await read(two, "**", after);
        seen.push(...batch.messages.map(({ id }) => id));
        after = batch.cursor;
        isDone = isQuiet && batch.atEnd;
        await nextTurn();
      }
      await Promise.all(writers);
      expect(seen).to.have.lengthOf(200);
      expect(seen).to.deep.equal([...seen].sort());
    });

    it("answers a repeat through the other with the first ids, also at the same time", async () => {
      const first = await append(one, "a", "1", "k");
      expect(await append(two, "a", "1", "k")).to.deep.equal(first);
      const [here, there] = await Promise.all([
        append(one, "a", "2", "both"),
        append(two, "a", "2", "both"),
      ]);
      expect(here).to.deep.equal(there);
      const refused = await append(two, "a", "3", "k").catch((error: unknown) => error);
      expect(refused).to.have.property("code", "FF_IDEMPOTENCY_CONFLICT");
      expect((await read(two, "a")).messages.map(dataOf)).to.deep.equal([1, 2]);
    });

    it("tells each of what the other has trimmed or deleted", async () => {
      const [start] = await append(one, "b", "0");
      for (const data of ["1", "2", "3"]) await append(one, "a", data);
      rules.keep({ maxMessages: 1 });
      while (await two.trim());
      expect((await read(one, "a", start)).gaps).to.have.lengthOf(1);
      expect(await one.deleteChannel("a")).to.equal(1);
      const batch = await read(two, "a", start);
      expect(batch.messages).to.deep.equal([]);
      expect(batch.gaps).to.have.lengthOf(1);
      expect((await read(two, "b", start)).gaps).to.deep.equal([]);
    });

    it("counts channels of both against one limit", async () => {
      for (let n = 0; n < 100; n++) await append(n % 2 === 0 ? one : two, `c${n}`, "1");
      const refused = await append(two, "more", "1").catch((error: unknown) => error);
      expect(refused).to.have.property("code", "FF_CHANNELS_TOO_MANY");
    });

    it("shows each the other's revocations, in one order", async () => {
      for (const [log, value] of [
        [one, "a"],
        [two, "b"],
        [one, "c"],
      ] as const)
        await log.revoke({ kind: "sub", value, before: now, until: null });
      const kept = await two.revocations(0, 10);
      expect(kept.map(({ value }) => value)).to.deep.equal(["a", "b", "c"]);
      expect(await one.revocations(0, 10)).to.deep.equal(kept);
    });
  });
}
