import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { publishJson } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe("the directory of a log", function () {
  this.timeout(30_000);
  let root: string;

  beforeEach(() => {
    root = createTemporaryDirectory();
  });
  afterEach(() => {
    killProcesses();
    removeTemporaryDirectories();
  });

  /** Start a server that inherits a umask which forbids nothing. */
  const startWithoutUmask = async (data: string) => {
    const umask = process.umask(0);
    try {
      return await startServeProcess(["--data", data]);
    } finally {
      process.umask(umask);
    }
  };

  for (const [what, change] of [
    ["removed", (data: string) => rmSync(data, { recursive: true })],
    [
      "replaced by another",
      (data: string) => {
        renameSync(data, `${data}-before`);
        mkdirSync(data);
      },
    ],
  ] as const) {
    it(`that is ${what} while it is in use has publishes refused, which the readiness tells, with one line`, async () => {
      const data = join(root, "data");
      const { process: server, url } = await startServeProcess(["--data", data]);
      await publishJson(url, "a", 1);
      change(data);
      const readiness = await eventually(
        5_000,
        async () => {
          const answer = await ask(url, "GET", "/readyz?publish=1");
          return answer.status !== 200 && answer;
        },
        "a server that is not ready for publishes",
      );
      expect(readiness.json).to.have.property("code", "FF_LOG_UNAVAILABLE");
      expect(readiness.json.detail).to.match(/can't (?:be written|read).* see the server's log/);
      expect(server.stderr).to.match(/data\.mdb\\" was removed or replaced while it is in use/);
      for (let n = 0; n < 3; n++) {
        const { status, json } = await ask(url, "POST", "/channels/a/messages", {
          headers: { "Content-Type": "application/json" },
          body: "2",
        });
        expect([status, json.code]).to.deep.equal([503, "FF_LOG_UNAVAILABLE"]);
      }
      const lines = server.stderr.split("\n").filter((line) => /publishes are refused/.test(line));
      expect(lines).to.have.lengthOf(1);
      server.kill("SIGTERM");
      expect((await within(12_000, server.outcome, "the end of the server")).code).to.equal(0);
    });
  }

  it("is its owner's alone where the server makes it, with all its files, whatever the umask", async () => {
    const data = join(root, "above", "data");
    await startWithoutUmask(data);
    expect(modeOf(join(root, "above"))).to.equal(0o700);
    expect(modeOf(data)).to.equal(0o700);
    for (const name of readdirSync(data))
      expect(modeOf(join(data, name)) & 0o077, name).to.equal(0);
  });

  it("keeps its mode where it was there, and its files are made their owner's alone", async () => {
    const data = join(root, "data");
    mkdirSync(data);
    chmodSync(data, 0o755);
    const { process: first } = await startWithoutUmask(data);
    first.kill("SIGTERM");
    await within(12_000, first.outcome, "the end of the server");
    for (const name of ["data.mdb", "lock.mdb"]) chmodSync(join(data, name), 0o644);
    await startWithoutUmask(data);
    expect(modeOf(data)).to.equal(0o755);
    expect(readdirSync(data)).to.include.members(["data.mdb", "lock.mdb"]);
    for (const name of readdirSync(data))
      expect(modeOf(join(data, name)) & 0o077, name).to.equal(0);
  });

  for (const [what, data] of [
    ["where nothing can be made", "/proc/foreverframe"],
    ["below one where nothing can be made", "/proc/foreverframe/data"],
    ["below a file", "/dev/null/data"],
    ["that is a file", "/dev/null"],
  ] as const) {
    it(`${what} is refused with one error`, async () => {
      const { code, stderr } = await within(
        10_000,
        new CliProcess(["serve", "--port", "0", "--data", data]).outcome,
        "the refusal",
      );
      expect(stderr).to.match(
        /^foreverframe: The log in ".*" can't be opened \(.+\): give a directory/,
      );
      expect(stderr.trim().split("\n")).to.have.lengthOf(1);
      expect(code).to.equal(75);
    });
  }
});
