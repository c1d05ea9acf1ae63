import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { EVERYTHING } from "../../src/core/channel-name.ts";
import { type MessageLog, originOf } from "../../src/core/log.ts";
import { openLmdbLog } from "../../src/logs/lmdb-log.ts";
import { ChangingRules } from "../support/changing-rules.ts";
import { newMessage } from "../support/messages.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";

// A process that opens the environment while another one commits stores an older number, if it is
// held up at the wrong moment. The moment can't be chosen from outside, so these tests store what
// such a process stores. They do it in a process of their own, since closing the file would end the
// locks that this one has on it.
const CHANGE = `
  const [path, at, by] = process.argv.slice(1);
  const file = fs.openSync(path, "r+");
  const number = new BigInt64Array(1);
  fs.readSync(file, number, 0, 8, Number(at));
  number[0] += BigInt(by);
  fs.writeSync(file, number, 0, 8, Number(at));
`;
const NUMBER_AT = 8;

describe("the number of the last transaction, which processes share", () => {
  let directory: string;
  let log: MessageLog;

  beforeEach(async () => {
    directory = createTemporaryDirectory();
    log = await open();
  });

  afterEach(async () => {
    await log.close();
    removeTemporaryDirectories();
  });

  for (const back of [1, 2, 3, 10]) {
    it(`loses nothing where it is set back by ${back}`, async () => {
      const ids = [];
      for (let n = 0; n < 20; n++) {
        ids.push(...(await append(String(n))));
        if (n % 3 === 2) change(NUMBER_AT, -back);
      }
      expect(await read()).to.deep.equal(ids);
      await log.close();
      log = await open();
      expect(await read()).to.deep.equal(ids);
    });
  }

  it("is put right for all appends that are under way together", async () => {
    const first = await append("0");
    change(NUMBER_AT, -1);
    const others = await Promise.all(Array.from({ length: 50 }, (_, n) => append(String(n))));
    expect(await read()).to.deep.equal([...first, ...others.flat()]);
  });

  it("is put right by the process that disturbed it, without a publish", async () => {
    const ids = [...(await append("0")), ...(await append("1"))];
    change(NUMBER_AT, -1);
    expect(await read()).to.deep.equal(ids.slice(0, 1));
    await (await open()).close();
    expect(await read()).to.deep.equal(ids);
  });

  it("stores nothing where the file has another form", async () => {
    const ids = [...(await append("0")), ...(await append("1"))];
    change(NUMBER_AT, -1);
    change(0, 1);
    const error = await append("2").catch((reason: unknown) => reason);
    expect(error).to.include({ code: "FF_LOG_UNAVAILABLE" });
    expect(String(error)).to.include("lock.mdb");
    change(0, -1);
    expect(await read()).to.deep.equal(ids.slice(0, 1));
    ids.push(...(await append("3")));
    expect(await read()).to.deep.equal(ids);
  });

  function change(at: number, by: number): void {
    execFileSync(process.execPath, ["-e", CHANGE, join(directory, "lock.mdb"), `${at}`, `${by}`]);
  }

  function append(data: string): Promise<readonly string[]> {
    return log.append({ messages: [newMessage("a", data)] });
  }

  async function read(): Promise<readonly string[]> {
    const { messages } = await log.read({
      selectors: EVERYTHING,
      after: originOf(log.epoch),
      upTo: null,
      maxMessages: 1_000,
      maxBytes: 1e6,
    });
    return messages.map(({ id }) => id);
  }

  function open(): Promise<MessageLog> {
    return openLmdbLog(directory, () => "epoch0", {
      now: Date.now,
      monotonicMs: () => performance.now(),
      retention: new ChangingRules(),
      maxIdempotencyKeys: 10,
      maxChannels: 10,
      maxLogBytes: 1e12,
    });
  }
});
