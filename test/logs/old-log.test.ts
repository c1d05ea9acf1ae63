import { expect } from "chai";
import { EVERYTHING } from "../../src/core/channel-name.ts";
import { type MessageLog, originOf } from "../../src/core/log.ts";
import { openLmdbLog } from "../../src/logs/lmdb-log.ts";
import { ChangingRules } from "../support/changing-rules.ts";
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
  const openLog = async () => {
    log = await openLmdbLog(directory, () => "epoch0", {
      now: () => now,
      monotonicMs: () => now,
      retention: rules,
      maxIdempotencyKeys: 100,
      maxChannels: 5_000,
    });
  };
  const append = (channel: string, ...data: readonly string[]) =>
    log.append({ messages: data.map((text) => ({ channel, data: text })) });
  const kept = async () =>
    (await log.channels("", 5_000)).map(({ channel, messages }) => [channel, messages]);

  beforeEach(async () => {
    directory = createTemporaryDirectory();
    now = 1_795_304_019_000;
    rules = new ChangingRules();
    await openLog();
    await Promise.all(Array.from({ length: 700 }, (_, n) => append(`c.${n}`, "1", "2", "3")));
    await append("a", "1", "2", "3");
    await log.close();
    await makeOldLog(directory);
    await openLog();
  });
  afterEach(async () => {
    await log.close();
    removeTemporaryDirectories();
  });

  it("is read as it is", async () => {
    const { messages } = await log.read({
      selectors: EVERYTHING,
      after: originOf(log.epoch),
      upTo: null,
      maxMessages: 10_000,
      maxBytes: 1e9,
    });
    expect(messages).to.have.lengthOf(2_103);
  });

  it("is trimmed by count and by age, with what is appended now", async () => {
    now += 1_000;
    await append("a", "4");
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
});
