import { expect } from "chai";
import { EVERYTHING } from "../../src/core/channel-name.ts";
import { type MessageLog, originOf, type StoredMessage } from "../../src/core/log.ts";
import { openLmdbLog } from "../../src/logs/lmdb-log.ts";
import { ChangingRules } from "../support/changing-rules.ts";
import { newMessage } from "../support/messages.ts";
import { makeOldLog } from "../support/old-log.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";

describe("a log that version 0.1 has written", () => {
  let directory: string;
  let log: MessageLog;
  let now: number;
  let rules: ChangingRules;
  let maxLogBytes: number;
  let keyed: readonly string[];
  const openLog = async () => {
    log = await openLmdbLog(directory, () => "epoch0", {
      now: () => now,
      monotonicMs: () => now,
      retention: rules,
      maxIdempotencyKeys: 100,
      maxChannels: 5_000,
      maxLogBytes,
    });
  };
  const append = (channel: string, ...data: readonly string[]) =>
    log.append({ messages: data.map((text) => newMessage(channel, text)) });
  const appendKeyed = () =>
    log.append({ messages: [newMessage("keyed", "1")], idempotency: { key: "k" } });
  const kept = async () =>
    (await log.channels("", 5_000)).map(({ channel, messages }) => [channel, messages]);

  beforeEach(async () => {
    directory = createTemporaryDirectory();
    now = 1_795_304_019_000;
    rules = new ChangingRules();
    maxLogBytes = 1e12;
    await openLog();
    await Promise.all(Array.from({ length: 700 }, (_, n) => append(`c.${n}`, "1", "2", "3")));
    await append("a", "1", "2", "3");
    keyed = await appendKeyed();
    await log.close();
    await makeOldLog(directory);
    await openLog();
  });
  afterEach(async () => {
    await log.close();
    removeTemporaryDirectories();
  });

  const readAll = async () => {
    const limits = { maxMessages: 10_000, maxBytes: 1e9 };
    const messages: StoredMessage[] = [];
    let after = originOf(log.epoch);
    for (let atEnd = false; !atEnd; ) {
      const batch = await log.read({ selectors: EVERYTHING, after, upTo: null, ...limits });
      messages.push(...batch.messages);
      ({ cursor: after, atEnd } = batch);
    }
    return messages;
  };

  it("is read as it is", async () => {
    expect(await readAll()).to.have.lengthOf(2_104);
  });

  it("is trimmed by count and by age, with what is appended now", async () => {
    now += 1_000;
    await append("a", "4");
    await log.deleteChannel("keyed");
    rules.keep({ maxMessages: 2 });
    while (await log.trim());
    expect((await kept()).every(([, messages]) => messages === 2)).to.equal(true);
    rules.keep({ maxAgeMs: 999 });
    while (await log.trim());
    expect(await kept()).to.deep.equal([["a", 1]]);
    now += 1_000;
    while (await log.trim());
    expect(await kept()).to.deep.equal([]);
  });

  it("answers the repeat of a key with the ids that it gave", async () => {
    expect(await appendKeyed()).to.deep.equal(keyed);
  });

  it("has its bytes counted, so that it is full where it would be, and empty when all is gone", async () => {
    await append("new", "1");
    await log.deleteChannel("c.3");
    const sizeOf = async () => {
      return (await readAll()).reduce((sum, { json }) => sum + json.length + 200, 0);
    };
    await log.trim(); // some of it
    await log.deleteChannel("c.5");
    await log.deleteChannel("a");
    while (await log.trim());
    const [, bytes] = /keeps (\d+) bytes/.exec(await refusalOf(1)) ?? [];
    expect(Number(bytes)).to.equal(await sizeOf());
    for (const [channel] of await kept()) await log.deleteChannel(String(channel));
    expect(await refusalOf(1)).to.match(/keeps 0 bytes/);
  });

  /** What the log says when it may keep so few bytes. */
  async function refusalOf(most: number): Promise<string> {
    await log.close();
    maxLogBytes = most;
    await openLog();
    const error = await append("new", "1").catch((thrown: unknown) => thrown);
    await log.close();
    maxLogBytes = 1e12;
    await openLog();
    return String(error);
  }
});
