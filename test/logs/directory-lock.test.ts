import { mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { lockDirectory } from "../../src/logs/directory-lock.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { within } from "../support/within.ts";

describe("lockDirectory", function () {
  this.timeout(20_000);
  let directory: string;
  const unlocks: (() => void)[] = [];
  const take = async (waitMs = 0, waits: string[] = []) => {
    const unlock = await lockDirectory(directory, { waitMs, onWait: (who) => waits.push(who) });
    unlocks.push(unlock);
    return unlock;
  };
  const attempt = (waitMs?: number) => take(waitMs).catch((error: Error) => error);

  beforeEach(() => {
    directory = createTemporaryDirectory();
  });
  afterEach(() => {
    for (const unlock of unlocks.splice(0)) unlock();
    removeTemporaryDirectories();
  });

  it("gives the directory to exactly one of many that ask at once, whatever others have left there", async () => {
    for (let round = 0; round < 15; round++) {
      for (let n = 0; n < 3; n++) await leaveDeadSocket();
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => attempt()));
      const taken = outcomes.filter((outcome) => typeof outcome === "function");
      expect(taken, `round ${round}`).to.have.lengthOf(1);
      for (const outcome of outcomes) {
        if (outcome instanceof Error)
          expect(outcome.message).to.match(/^Another server \(process \d+\) has the log in "/);
      }
      taken[0]?.();
      expect(readdirSync(directory)).to.deep.equal([]);
    }
  });

  it("waits for the one that has it, says so once, and takes it when that lets go", async () => {
    const unlock = await take();
    const waits: string[] = [];
    const second = take(10_000, waits);
    await new Promise((resolve) => setTimeout(resolve, 500));
    unlock();
    await within(3_000, second, "the lock");
    expect(waits).to.deep.equal([`process ${process.pid}`]);
  });

  it("refuses one that a process has which takes connections and says nothing", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(socketPath("0"), resolve));
    try {
      const outcome = await attempt();
      expect(String(outcome)).to.match(/Another server \(a process that does not answer\) has/);
    } finally {
      silent.close();
    }
  });

  it("leaves files alone that are no sockets, and removes sockets that were never finished", async () => {
    writeFileSync(socketPath("0"), "no socket");
    const draft = `${socketPath("1")}.new`;
    writeFileSync(draft, "");
    utimesSync(draft, 0, 0);
    writeFileSync(`${socketPath("2")}.new`, "");
    await take();
    const left = readdirSync(directory).filter((name) => /serve\.(.)\1{15}/.test(name));
    expect(left.sort()).to.deep.equal([
      `serve.${"0".repeat(16)}.sock`,
      `serve.${"2".repeat(16)}.sock.new`,
    ]);
  });

  it("takes a directory whose path is longer than a socket's may be", async () => {
    directory = join(directory, ...Array.from({ length: 5 }, () => "long".repeat(20)));
    mkdirSync(directory, { recursive: true });
    const unlock = await take();
    expect(await attempt()).to.be.instanceOf(Error);
    unlock();
    await take();
  });

  function socketPath(digit: string): string {
    return join(directory, `serve.${digit.repeat(16)}.sock`);
  }

  /** As a process leaves it that was killed: a socket nobody listens on. */
  async function leaveDeadSocket(): Promise<void> {
    const name = Math.random().toString(16).slice(2).padEnd(16, "0").slice(0, 16);
    const path = join(directory, `serve.${name}.sock`);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${path}.draft`, resolve));
    renameSync(`${path}.draft`, path); // else its end would remove it
    await new Promise((resolve) => server.close(resolve));
  }
});
