import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { publishJson } from "../support/raw-http.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

interface Read {
  readonly messages: readonly { id: string; channel: string; data: unknown }[];
  readonly gaps: readonly { reason: string }[];
}

const positionOf = (id: string) => id.slice(id.indexOf(".") + 1);
const epochOf = (id: string) => id.slice(0, id.indexOf("."));

describe("foreverframe backup and restore", function () {
  this.timeout(90_000);
  let directory: string;
  let data: string;
  let backup: string;

  beforeEach(() => {
    directory = createTemporaryDirectory();
    data = join(directory, "data");
    backup = join(directory, "backup");
  });

  afterEach(() => {
    killProcesses();
    removeTemporaryDirectories();
  });

  const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    within(30_000, new CliProcess(args, environment).outcome, args.join(" "));
  const succeed = async (...args: string[]) => {
    const { code, stdout, stderr } = await run([...args, "--json"]);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as { epoch: string; cursor: string; messages: number };
  };
  const read = async (url: string, channel: string, query = ""): Promise<Read> => {
    const answer = await fetch(`${url}/channels/${channel}/messages?limit=1000${query}`);
    return (await answer.json()) as Read;
  };
  const readAll = async (url: string) => {
    const all: Read["messages"][number][] = [];
    for (let pages = 0; pages < 20; pages++) {
      const { messages } = await read(url, "load", pages === 0 ? "" : `&after=${all.at(-1)?.id}`);
      all.push(...messages);
      if (messages.length === 0) break;
    }
    return all;
  };
  const stop = async (server: CliProcess) => {
    server.kill("SIGTERM");
    await within(15_000, server.outcome, "the end of the server");
  };
  const publishToMany = async (url: string, channels: readonly string[], value: unknown) => {
    const answer = await fetch(`${url}/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": "once" },
      body: JSON.stringify({ channels, data: value }),
    });
    return (await answer.json()) as { ids: string[] };
  };

  it("copy a log under load; what is put back has all that was answered before, in a new epoch", async () => {
    const { process: server, url } = await startServeProcess([
      "--data",
      data,
      "--retain-messages",
      "5000",
    ]);
    const many = await publishToMany(url, ["a", "b", "c"], { long: "x".repeat(5_000) });
    const answered: string[] = [];
    let isOver = false;
    const publishing = [0, 1, 2, 3].map(async () => {
      while (!isOver) answered.push(await publishJson(url, "load", answered.length));
    });
    await eventually(10_000, () => answered.length > 100, "some load");
    const before = [...answered].sort();
    const copy = await succeed("backup", backup, "--data", data);
    const at = answered.length;
    await eventually(10_000, () => answered.length > at + 50, "more load");
    isOver = true;
    await Promise.all(publishing);
    // Opening the environment beside the server has taken back nothing.
    const kept = (await readAll(url)).map(({ id }) => id);
    expect(kept).to.deep.equal([...answered].sort());
    await stop(server);

    const to = join(directory, "restored");
    const restored = await succeed("restore", backup, "--data", to);
    expect(restored.messages).to.equal(copy.messages);
    expect(restored.epoch).to.not.equal(copy.epoch);
    const { url: again } = await startServeProcess(["--data", to, "--retain-messages", "5000"]);
    const all = await readAll(again);
    expect(all.every(({ id }) => epochOf(id) === restored.epoch)).to.equal(true);
    const positions = all.map(({ id }) => positionOf(id));
    expect(positions).to.deep.equal(kept.slice(0, all.length).map(positionOf));
    expect(positions).to.include.members(before.map(positionOf));
    const { messages: shared } = await read(again, "c");
    expect(shared[0]?.data).to.deep.equal({ long: "x".repeat(5_000) });
    const repeated = await publishToMany(again, ["a", "b", "c"], { long: "x".repeat(5_000) });
    expect(repeated.ids.map(positionOf)).to.deep.equal(many.ids.map(positionOf));
    expect(epochOf(repeated.ids[0] ?? "")).to.equal(restored.epoch);
    await expectGap(again, before.at(-1) ?? "");
    const next = await publishJson(again, "load", "after");
    expect(next > (all.at(-1)?.id ?? "~")).to.equal(true);
  });

  const expectGap = async (url: string, cursor: string) => {
    const { gaps } = await read(url, "load", `&after=${cursor}`);
    expect(gaps.map(({ reason }) => reason)).to.deep.equal(["epoch"]);
    const answer = await fetch(`${url}/stream?transport=ndjson&channels=load&after=${cursor}`);
    const reader = answer.body?.getReader();
    let text = "";
    while (!text.includes('"gap"')) {
      const piece = await within(5_000, Promise.resolve(reader?.read()), "the gap");
      if (piece?.value === undefined) break;
      text += Buffer.from(piece.value).toString();
    }
    expect(text).to.match(/"type":"gap".*"reason":"epoch"/);
    await reader?.cancel();
  };

  it("leave a directory with the one file, its owner's alone, and take one that is empty", async () => {
    const { url } = await startServeProcess(["--data", data]);
    await publishJson(url, "a", 1);
    mkdirSync(backup);
    const { code, stdout } = await run(["backup", backup], { FOREVERFRAME_DATA: data });
    expect(code).to.equal(0);
    expect(stdout).to.match(/^backed up 1 message of 1 channel to .*backup \(\d+K\)\n$/);
    expect(readdirSync(backup)).to.deep.equal(["data.mdb"]);
    expect(statSync(join(backup, "data.mdb")).mode & 0o077).to.equal(0);
  });

  it("show nothing under the name of a log where the backup was killed before its end", async () => {
    const { url } = await startServeProcess(["--data", data]);
    await publishJson(url, "a", 1);
    mkdirSync(backup);
    const copying = new CliProcess(["backup", backup, "--data", data]);
    await eventually(10_000, () => readdirSync(backup).length > 0, "its beginning");
    copying.kill("SIGKILL");
    const { signal } = await within(5_000, copying.outcome, "its death");
    expect(signal).to.equal("SIGKILL");
    expect(existsSync(join(backup, "data.mdb"))).to.equal(false);
    const { code } = await run(["restore", backup, "--data", join(directory, "x")]);
    expect(code).to.equal(78);
    await publishJson(url, "a", 2);
  });

  it("refuse what would write over something, and what a server has", async () => {
    const { process: server, url } = await startServeProcess(["--data", data]);
    await publishJson(url, "a", 1);
    await succeed("backup", backup, "--data", data);
    for (const [args, code, sentence] of [
      [["backup", backup, "--data", data], 78, /"\S+backup" is not empty/],
      [["restore", backup, "--data", data], 75, /Another server \(process \d+\) has the log/],
      [["restore", data, "--data", join(directory, "x")], 75, /is the log of a running server/],
      [["restore", directory, "--data", join(directory, "x")], 78, /There is no backup in/],
      [["backup", join(directory, "x"), "--data", directory], 78, /There is no log in/],
    ] as const) {
      const outcome = await run(args);
      expect(outcome.stderr).to.match(sentence);
      expect(outcome.code, outcome.stderr).to.equal(code);
    }
    await stop(server);
    const outcome = await run(["restore", backup, "--data", data]);
    expect(outcome.stderr).to.match(/has a log already, and nothing is written over/);
    expect(outcome.code).to.equal(78);
  });

  it("leave nothing behind where the log or the backup is damaged", async () => {
    const { process: server, url } = await startServeProcess(["--data", data]);
    for (let n = 0; n < 50; n++) await publishJson(url, "a", "x".repeat(5_000));
    await succeed("backup", backup, "--data", data);
    await stop(server);
    for (const damaged of [data, backup]) {
      const file = join(damaged, "data.mdb");
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.fill(0xa5, 8_192, bytes.length));
    }
    const second = join(directory, "second");
    const copied = await run(["backup", second, "--data", data]);
    expect(copied.code).to.equal(75);
    expect(copied.stderr).to.match(/is damaged/);
    expect(existsSync(join(second, "data.mdb"))).to.equal(false);
    const to = join(directory, "restored");
    const restored = await run(["restore", backup, "--data", to]);
    expect(restored.code).to.equal(75);
    expect(restored.stderr)
      .to.match(/is damaged/)
      .and.include(join(backup, "data.mdb"));
    expect(readdirSync(to)).to.deep.equal([]);
  });

  it("say what to do where the log is in memory or in Redis", async () => {
    for (const [environment, sentence] of [
      [{ FOREVERFRAME_MEMORY: "true" }, /in memory .* run the server with --data/],
      [{ FOREVERFRAME_LOG: "redis://127.0.0.1:6379" }, /in Redis.* BGSAVE .* docs\/operating\.md/],
    ] as const) {
      const { code, stderr } = await run(["backup", backup], environment);
      expect(stderr).to.match(sentence);
      expect(code).to.equal(78);
    }
  });
});
