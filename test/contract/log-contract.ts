import { expect } from "chai";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Cursor } from "../../src/core/cursor.ts";
import { type MessageLog, originOf, type ReadRequest, type Retention } from "../../src/core/log.ts";
import { ForeverframeError } from "../../src/errors.ts";
import type { TableLogOptions } from "../../src/logs/table-log.ts";
import { ChangingRules } from "../support/changing-rules.ts";
import { newMessage } from "../support/messages.ts";
import { describeAppendEach } from "./append-each-contract.ts";

/** How the suite gets a log. */
export interface LogFixture {
  /** Open the log at a location; the same location again is the same log, where it lasts. */
  open(location: string, options: TableLogOptions): Promise<MessageLog>;
}

let locations = 0;

const isHere = () => false;

/** Every promise of the `MessageLog` interface, checked on whatever `open` returns. */
export function describeLogContract(name: string, { open }: LogFixture): void {
  describe(`${name} keeps the log contract`, () => {
    let log: MessageLog;
    let location: string;
    let now: number;
    let rules: ChangingRules;

    const openHere = () =>
      open(location, {
        now: () => now,
        monotonicMs: () => now,
        retention: rules,
        maxIdempotencyKeys: 100,
        maxChannels: 5_000,
        maxLogBytes: 1e12,
      });
    const reopen = async () => {
      await log.close();
      log = await openHere();
    };
    const append = async (channel: string, ...data: readonly string[]) =>
      log.append({ messages: data.map((text) => newMessage(channel, text)) });
    const appendOne = async (channel: string, data: string): Promise<Cursor> => {
      const [id] = await append(channel, data);
      return id as Cursor;
    };
    const read = (channels: string, request: Partial<ReadRequest> = {}) =>
      log.read({
        selectors: parseSelectors(channels),
        after: originOf(log.epoch),
        upTo: null,
        maxMessages: 1_000,
        maxBytes: 10_000_000,
        ...request,
      });
    const dataOf = ({ json }: { json: Buffer }): unknown => JSON.parse(json.toString()).data;
    const trim = async (retention: Partial<Retention>) => {
      rules.keep(retention);
      while (await log.trim());
    };

    beforeEach(async () => {
      now = 1_795_304_019_000;
      location = `contract-${process.pid}-${++locations}`;
      rules = new ChangingRules();
      log = await openHere();
    });
    afterEach(() => log.close());

    describe("append", () => {
      it("stores the event's final JSON", async () => {
        const id = await appendOne("doors", '{"note":"\\u003c"}');
        const { messages } = await read("doors");
        expect(messages).to.have.lengthOf(1);
        expect(messages[0]).to.include({ id, channel: "doors" });
        expect(messages[0]?.json.toString()).to.equal(
          `{"type":"message","id":"${id}","channel":"doors","time":${now},"data":{"note":"\\u003c"}}`,
        );
      });

      it("reads back 500 concurrent appends in the order of their ids, each id once", async () => {
        const answers = await Promise.all(
          Array.from({ length: 500 }, (_, n) => appendOne(`c${n % 7}`, String(n))),
        );
        const { messages } = await read("**");
        expect(new Set(answers)).to.have.lengthOf(500);
        expect(messages.map(({ id }) => id)).to.deep.equal([...answers].sort());
      });

      it("keeps the messages of one append next to one another, in the order given", async () => {
        await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            append("a", `${n * 3}`, `${n * 3 + 1}`, `${n * 3 + 2}`),
          ),
        );
        const { messages } = await read("a");
        for (let i = 0; i < 60; i += 3) {
          const [first, ...rest] = messages
            .slice(i, i + 3)
            .map((message) => Number(dataOf(message)));
          expect(rest).to.deep.equal([Number(first) + 1, Number(first) + 2]);
        }
      });

      it("gives rising ids when the clock goes back, and when more come in a millisecond than it counts", async () => {
        const first = await appendOne("a", "1");
        now -= 3_600_000;
        const second = await appendOne("a", "2");
        now += 7_200_000;
        const third = await appendOne("a", "3");
        expect([first, second, third]).to.deep.equal([first, second, third].sort());
      });

      it("is visible when it is answered", async () => {
        const id = await appendOne("a", "1");
        expect(await log.tip()).to.equal(id);
        expect((await read("a")).messages).to.have.lengthOf(1);
      });
    });

    describeAppendEach(() => log);

    describe("append with an idempotency key", () => {
      const keyed = (key: string, data: string) =>
        log.append({ messages: [newMessage("a", data)], idempotency: { key } });

      it("answers a repeat with the first call's ids and stores once", async () => {
        const first = await keyed("k", "1");
        expect(await keyed("k", "1")).to.deep.equal(first);
        expect((await read("a")).messages).to.have.lengthOf(1);
      });

      it("answers two at the same time with the same ids", async () => {
        const [one, two] = await Promise.all([keyed("k", "1"), keyed("k", "1")]);
        expect(one).to.deep.equal(two);
        expect((await read("a")).messages).to.have.lengthOf(1);
      });

      it("refuses another message under the key, and nothing else in its company", async () => {
        await keyed("k", "1");
        const refused = keyed("k", "2").catch((error: unknown) => error);
        const taken = appendOne("a", "3");
        expect(await refused)
          .to.be.instanceOf(ForeverframeError)
          .with.property("code", "FF_IDEMPOTENCY_CONFLICT");
        await taken;
        expect((await read("a")).messages.map(dataOf)).to.deep.equal([1, 3]);
      });

      it("tells keys apart however they are spelt", async () => {
        const ids = await Promise.all(["a b", "a", "b", " "].map((key) => keyed(key, "1")));
        expect(new Set(ids.flat())).to.have.lengthOf(4);
      });

      it("takes the key anew after 10 minutes", async () => {
        const first = await keyed("k", "1");
        now += 600_001;
        expect(await keyed("k", "2")).to.not.deep.equal(first);
      });

      it("refuses one key more than are remembered, and takes it when trimming has forgotten the old", async () => {
        await Promise.all(Array.from({ length: 100 }, (_, n) => keyed(`k${n}`, "1")));
        const error = await keyed("k100", "1").catch((thrown: unknown) => thrown);
        expect(error).to.have.property("code", "FF_IDEMPOTENCY_FULL");
        now += 600_001;
        await trim({});
        await keyed("k100", "1");
      });
    });

    describe("read", () => {
      it("returns what comes after the cursor up to the limit, oldest first, and goes on from its cursor", async () => {
        await append("a", ...Array.from({ length: 25 }, (_, n) => String(n)));
        const seen: unknown[] = [];
        let after = originOf(log.epoch);
        for (let atEnd = false; !atEnd; ) {
          const batch = await read("a", { after, maxMessages: 10 });
          seen.push(...batch.messages.map(dataOf));
          ({ cursor: after, atEnd } = batch);
        }
        expect(seen).to.deep.equal(Array.from({ length: 25 }, (_, n) => n));
      });

      it("stops at upTo, and says so", async () => {
        const ids = await append("a", "1", "2", "3");
        const batch = await read("a", { upTo: ids[1] as Cursor });
        expect(batch.messages.map(dataOf)).to.deep.equal([1, 2]);
        expect(batch).to.include({ cursor: ids[1], atEnd: true });
      });

      it("returns at least one message however few bytes it may", async () => {
        await append("a", '"long"', '"long"');
        const batch = await read("a", { maxBytes: 1 });
        expect(batch.messages).to.have.lengthOf(1);
        expect(batch.atEnd).to.equal(false);
      });

      it("merges channels and patterns in log order, each message once", async () => {
        for (let n = 0; n < 30; n++)
          await append(["a.x", "a.y", "b", "c"][n % 4] as string, String(n));
        const { messages } = await read("a.*,a.x,b");
        const wanted = Array.from({ length: 30 }, (_, n) => n).filter((n) => n % 4 !== 3);
        expect(messages.map(dataOf)).to.deep.equal(wanted);
      });

      it("finds a pattern's messages among 400 channels", async () => {
        await Promise.all(Array.from({ length: 400 }, (_, n) => append(`c.${n}`, String(n))));
        const id = await appendOne("wanted.x", "1");
        const { messages } = await read("wanted.*");
        expect(messages.map((message) => message.id)).to.deep.equal([id]);
        expect((await read("c.*")).messages).to.have.lengthOf(400);
      });

      it("moves its cursor over what does not match, to the tip", async () => {
        await append("a", "1");
        const tip = await appendOne("b", "2");
        expect(await read("none")).to.deep.include({ messages: [], cursor: tip, atEnd: true });
      });
    });

    describe("beforeLast", () => {
      it("is the cursor after which exactly the last n follow", async () => {
        for (let n = 0; n < 40; n++) await append(["a", "b", "other"][n % 3] as string, String(n));
        const selectors = parseSelectors("a,b");
        for (const count of [1, 5, 26]) {
          const after = await log.beforeLast(selectors, count, await log.tip(), isHere);
          expect((await read("a,b", { after })).messages).to.have.lengthOf(count);
        }
        const all = await log.beforeLast(selectors, 500, await log.tip(), isHere);
        expect(all).to.equal(originOf(log.epoch));
      });
    });

    describe("among very many channels", () => {
      it("finds the last of a pattern, and tells of losses in all with one gap", async () => {
        const [start] = await append("first", "0");
        await Promise.all(Array.from({ length: 3_000 }, (_, n) => append(`c.${n}`, "1", "2")));
        await trim({ maxMessages: 1 });
        const wanted = await appendOne("wanted.x", "1");
        const selectors = parseSelectors("wanted.*");
        const after = await log.beforeLast(selectors, 1, await log.tip(), isHere);
        expect(after < wanted, "before it").to.equal(true);
        const none = parseSelectors("none.*,*.none");
        const origin = await log.beforeLast(none, 1, await log.tip(), isHere);
        expect(origin).to.equal(originOf(log.epoch));
        const { gaps } = await read("c.*,wanted.x", { after: start as Cursor });
        expect(gaps).to.have.lengthOf(1);
        expect(gaps[0]?.channels).to.deep.equal(["c.*", "wanted.x"]);
      });

      it("tells of losses in more than 64 with one gap, up to the last", async () => {
        await Promise.all(Array.from({ length: 65 }, (_, n) => append(`c.${n}`, "1", "2")));
        await trim({ maxMessages: 1 });
        const { gaps, messages } = await read("c.*");
        expect(gaps).to.have.lengthOf(1);
        expect(gaps[0]).to.deep.include({ channels: ["c.*"], reason: "expired" });
        const trimmed = messages.map(({ id }) => id).sort();
        expect((gaps[0]?.upTo as string) < (trimmed.at(-1) as string)).to.equal(true);
        expect((await read("c.*", { after: gaps[0]?.upTo as Cursor })).gaps).to.deep.equal([]);
      });
    });

    describe("trim", () => {
      it("keeps the newest by count, and says what went with a gap that ends where it ended", async () => {
        const ids = await append("a", "1", "2", "3", "4", "5");
        await trim({ maxMessages: 2 });
        const batch = await read("a");
        expect(batch.messages.map(dataOf)).to.deep.equal([4, 5]);
        expect(batch.gaps).to.deep.equal([
          { after: originOf(log.epoch), upTo: ids[2], channels: ["a"], reason: "expired" },
        ]);
      });

      it("keeps the newest by age", async () => {
        await append("a", "1", "2");
        now += 10_000;
        await append("a", "3");
        await trim({ maxAgeMs: 5_000 });
        expect((await read("a")).messages.map(dataOf)).to.deep.equal([3]);
      });

      it("tells a cursor that had seen what was trimmed of no gap", async () => {
        const ids = await append("a", "1", "2", "3");
        await trim({ maxMessages: 1 });
        expect((await read("a", { after: ids[1] as Cursor })).gaps).to.deep.equal([]);
        expect((await read("a", { after: ids[0] as Cursor })).gaps).to.have.lengthOf(1);
      });

      it("tells a reader of other channels of no gap", async () => {
        await append("a", "1", "2", "3");
        await append("b", "1");
        await trim({ maxMessages: 1 });
        expect((await read("b")).gaps).to.deep.equal([]);
        expect((await read("*")).gaps).to.have.lengthOf(1);
      });

      it("tells of a gap in a channel that lost all its messages, also when it is used again", async () => {
        const start = await appendOne("b", "0");
        await append("a", "1", "2");
        now += 10_000;
        await trim({ maxAgeMs: 5_000 });
        expect((await read("a", { after: start })).gaps, "by name").to.have.lengthOf(1);
        expect((await read("*", { after: start })).gaps, "by pattern").to.have.lengthOf(1);
        await append("a", "3");
        expect((await read("a", { after: start })).gaps, "by name, used again").to.have.lengthOf(1);
        expect((await log.channels("", 10_000)).map(({ channel }) => channel)).to.deep.equal(["a"]);
      });

      it("removes more than one call does, of many channels", async () => {
        await Promise.all(
          Array.from({ length: 3_000 }, (_, n) => append(`c${n % 1_500}`, String(n), String(n))),
        );
        await trim({ maxMessages: 1 });
        const kept = await log.channels("", 10_000);
        expect(kept).to.have.lengthOf(1_500);
        expect(kept.every(({ messages }) => messages === 1)).to.equal(true);
      });
    });

    describe("deleteChannel", () => {
      it("removes what the channel keeps, tells of a gap, and keeps other channels and what comes after", async () => {
        const start = await appendOne("b", "0");
        await append("a", ...Array.from({ length: 3_000 }, (_, n) => String(n)));
        expect(await log.deleteChannel("a")).to.equal(3_000);
        const after = await appendOne("a", "3000");
        const batch = await read("a,b", { after: start });
        expect(batch.messages.map(({ id }) => id)).to.deep.equal([after]);
        expect(batch.gaps.map(({ channels }) => channels)).to.deep.equal([["a"]]);
        expect((await read("b", { after: start })).gaps).to.deep.equal([]);
        expect(await log.deleteChannel("none")).to.equal(0);
      });
    });

    describe("channels", () => {
      it("are listed by name, a limited number after a name", async () => {
        for (const name of ["c", "a", "b"]) await append(name, "1");
        const names = async (after: string, limit: number) =>
          (await log.channels(after, limit)).map(({ channel }) => channel);
        expect(await names("", 10)).to.deep.equal(["a", "b", "c"]);
        expect(await names("a", 1)).to.deep.equal(["b"]);
      });

      it("are refused beyond their limit, while known ones go on", async () => {
        await Promise.all(Array.from({ length: 4_999 }, (_, n) => append(`c${n}`, "1")));
        await append("last", "1");
        const error = await appendOne("one.more", "1").catch((thrown: unknown) => thrown);
        expect(error).to.have.property("code", "FF_CHANNELS_TOO_MANY");
        const [both, known] = await Promise.allSettled([
          log.append({ messages: ["last", "one.more"].map((channel) => newMessage(channel, "2")) }),
          append("last", "2"),
        ]);
        expect([both.status, known.status]).to.deep.equal(["rejected", "fulfilled"]);
        expect(
          (await read("last")).messages.map(dataOf),
          "nothing of the refused one",
        ).to.deep.equal([1, 2]);
      });
    });

    describe("close and open again", () => {
      it("keeps messages, ids, marks and keys exactly when capabilities.durable says so", async () => {
        const before = await log.append({
          messages: [newMessage("a", "1")],
          idempotency: { key: "k" },
        });
        await append("a", "2");
        const { epoch } = log;
        await reopen();
        const { durable } = log.capabilities;
        expect(log.epoch === epoch).to.equal(durable);
        expect((await read("a")).messages).to.have.lengthOf(durable ? 2 : 0);
        const again = await log.append({
          messages: [newMessage("a", "1")],
          idempotency: { key: "k" },
        });
        expect(again[0] === before[0]).to.equal(durable);
        now -= 1_000_000;
        const later = await appendOne("a", "3");
        if (durable) expect(later > (before[0] as Cursor)).to.equal(true);
      });

      it("finishes what was accepted before close, and refuses what comes after", async () => {
        const accepted = appendOne("a", "1");
        const closed = log.close();
        expect(await accepted).to.be.a("string");
        await closed;
        const error = await appendOne("a", "2").catch((thrown: unknown) => thrown);
        expect(error).to.have.property("code", "FF_LOG_UNAVAILABLE");
      });
    });
  });
}
