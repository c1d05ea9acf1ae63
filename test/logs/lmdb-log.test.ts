import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { EVERYTHING } from "../../src/core/channel-name.ts";
import { originOf } from "../../src/core/log.ts";
import { openLmdbLog } from "../../src/logs/lmdb-log.ts";
import { describeLogContract, type LogFixture } from "../contract/log-contract.ts";
import { describeLogPlaces } from "../contract/log-places-contract.ts";
import { describeLogRevocations } from "../contract/log-revocations-contract.ts";
import { describeLogUpkeep } from "../contract/log-upkeep-contract.ts";
import { describeSharedLog } from "../contract/shared-log-contract.ts";
import { ChangingRules } from "../support/changing-rules.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";

let root = "";
let epochs = 0;

before(() => {
  root = createTemporaryDirectory();
});
after(removeTemporaryDirectories);

const fixture: LogFixture = {
  open: (location, options) =>
    openLmdbLog(join(root, location), () => `lmdb${1_000 + ++epochs}`, options),
};

describeLogContract("the LMDB log", fixture);
describeLogUpkeep("the LMDB log", fixture);
describeLogPlaces("the LMDB log", fixture);
describeLogRevocations("the LMDB log", fixture);
describeSharedLog("the LMDB log", fixture);

describe("the LMDB log that several processes append to", function () {
  this.timeout(30_000);

  it("has one epoch, and every answered message once, in the order of its id, while another process reads it", async () => {
    const directory = join(root, "shared");
    const log = await openLmdbLog(directory, () => "epoch0", {
      now: Date.now,
      monotonicMs: () => performance.now(),
      retention: new ChangingRules(),
      maxIdempotencyKeys: 10,
      maxChannels: 5_000,
      maxLogBytes: 1e12,
    });
    const worker = fileURLToPath(new URL("../support/append-worker.ts", import.meta.url));
    const answered: string[] = [];
    let running = 3;
    const ends = ["a", "b", "c"].map(async (name) => {
      const child = spawn(process.execPath, ["--import=tsx", worker, directory, name, "400"]);
      let output = "";
      child.stdout.on("data", (data) => {
        output += data;
      });
      const code = await new Promise((resolve) => child.on("close", resolve));
      running--;
      expect(code).to.equal(0);
      answered.push(...output.trim().split("\n"));
    });
    // As a tailer does: what was read once must never have had something before it that comes
    // later.
    const seen: string[] = [];
    let after = originOf(log.epoch);
    for (let atEnd = false; running > 0 || !atEnd; ) {
      const batch = await log.read({
        selectors: EVERYTHING,
        after,
        upTo: null,
        maxMessages: 50,
        maxBytes: 1e6,
      });
      seen.push(...batch.messages.map(({ id }) => id));
      ({ cursor: after, atEnd } = batch);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(ends);
    await log.close();
    expect(seen).to.have.lengthOf(1_200);
    expect(seen).to.deep.equal([...answered].sort());
    expect(new Set(seen)).to.have.lengthOf(1_200);
  });
});
