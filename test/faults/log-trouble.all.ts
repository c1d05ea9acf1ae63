import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { closeConnections, publishJson } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const isRoot = process.getuid?.() === 0;

describe("a log in trouble", function () {
  this.timeout(30_000);
  let data: string;

  beforeEach(() => {
    data = createTemporaryDirectory();
  });
  afterEach(() => {
    closeConnections();
    killProcesses();
    removeTemporaryDirectories();
  });

  /** Fill a log with a few hundred pages, and stop. */
  const fill = async (directory: string) => {
    const { process: server, url } = await startServeProcess(["--data", directory]);
    const line = JSON.stringify("x".repeat(10_000));
    await ask(url, "POST", "/channels/a/messages", {
      headers: { "Content-Type": "application/x-ndjson" },
      body: Array.from({ length: 100 }, () => line).join("\n"),
    });
    server.kill("SIGTERM");
    await within(5_000, server.outcome, "the end of the server");
  };
  const serveOnce = () =>
    within(15_000, new CliProcess(["serve", "--port", "0", "--data", data]).outcome, "the refusal");
  const file = () => join(data, "data.mdb");

  describe("at the start", () => {
    let filled: Buffer;
    before(async () => {
      const directory = createTemporaryDirectory();
      await fill(directory);
      filled = readFileSync(join(directory, "data.mdb"));
    });

    for (const [what, damage] of [
      ["cut to a half", () => truncateSync(file(), Math.floor(readFileSync(file()).length / 2))],
      ["cut to its first page", () => truncateSync(file(), 4_096)],
      ["empty", () => truncateSync(file(), 0)],
      ["garbage", () => writeFileSync(file(), Buffer.alloc(100_000, "garbage "))],
      [
        "overwritten in its middle",
        () => {
          const bytes = readFileSync(file());
          writeFileSync(file(), bytes.fill(0xa5, 8_192, bytes.length));
        },
      ],
    ] as const) {
      it(`refuses a file that is ${what} in one sentence, and leaves it as it is`, async () => {
        writeFileSync(file(), filled);
        damage();
        const before = readFileSync(file());
        const { code, stderr } = await serveOnce();
        expect(stderr.trim().split("\n"), stderr).to.have.lengthOf(1);
        expect(stderr).to.match(/The log's file ".*" is damaged \(.+\): put a backup in its place/);
        expect(code).to.equal(75);
        expect(readFileSync(file()).equals(before), "unchanged").to.equal(true);
      });
    }

    it("takes a log that is whole", async () => {
      writeFileSync(file(), filled);
      const { url } = await startServeProcess(["--data", data]);
      const { json } = await ask(url, "GET", "/channels/a/messages?limit=1000");
      expect(json.messages).to.have.lengthOf(100);
    });

    it("refuses a directory that another server has, and takes it when that was killed", async () => {
      const { process: first } = await startServeProcess(["--data", data]);
      const { code, stderr } = await serveOnce();
      expect(stderr).to.match(
        new RegExp(`Another server \\(process ${first.child.pid}\\) has the log`),
      );
      expect(code).to.equal(75);
      first.kill("SIGKILL");
      await within(5_000, first.outcome, "the end of the first");
      await startServeProcess(["--data", data]);
    });

    it("takes a lock of version 0.1 whose process has ended, or that is no lock", async () => {
      const locks = [process.pid, 1].map((pid) => JSON.stringify({ pid, started: "1" }));
      for (const left of [...locks, "", "{", "7"]) {
        writeFileSync(join(data, "serve.lock"), left);
        const { process: server } = await startServeProcess(["--data", data]);
        server.kill("SIGTERM");
        await within(5_000, server.outcome, "the end of the server");
      }
    });

    it("refuses a directory that a running process has by a lock of version 0.1", async () => {
      const stat = readFileSync(`/proc/${process.pid}/stat`, "utf8");
      const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
      writeFileSync(join(data, "serve.lock"), JSON.stringify({ pid: process.pid, started }));
      const { code, stderr } = await serveOnce();
      expect(stderr).to.match(
        new RegExp(`Another server \\(process ${process.pid}\\) has the log`),
      );
      expect(code).to.equal(75);
    });

    it("takes the lock of a server that was killed, and whose end nobody has asked for yet", async () => {
      // A shell that becomes something else never waits for its child.
      const script = `"${process.execPath}" "${CLI}" serve --port 0 --data "${data}" & exec sleep 60`;
      const parent = spawn("sh", ["-c", script]);
      try {
        const said = collect(parent);
        await eventually(10_000, () => said.stderr.includes("listening"), "the server");
        const pid = Number(/"pid":(\d+)/.exec(said.stderr)?.[1]);
        process.kill(pid, "SIGKILL");
        await eventually(
          5_000,
          () => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")),
          "the server's death",
        );
        await startServeProcess(["--data", data]);
      } finally {
        parent.kill("SIGKILL");
      }
    });

    it("refuses a directory that it may not write, as an ordinary user", async () => {
      chmodSync(data, 0o555);
      const child = spawn(process.execPath, [CLI, "serve", "--port", "0", "--data", data], {
        ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}),
      });
      const { code, stderr } = await outcomeOf(child);
      expect(stderr).to.match(
        /The log in ".*" can't be opened \(.*EACCES.*\): give a directory that can be written/,
      );
      expect(code).to.equal(75);
    });
  });

  describe("whose file is damaged while it is served", () => {
    it("never answers 201 for a message that is not there", async () => {
      const { process: server, url } = await startServeProcess([
        "--data",
        data,
        "--trim-ms",
        "100",
      ]);
      for (let n = 0; n < 50; n++) await publishJson(url, "a", "x".repeat(10_000));
      truncateSync(file(), 16_384);
      const answered: string[] = [];
      for (let n = 0; n < 20; n++) {
        try {
          answered.push(await publishJson(url, "b", n));
        } catch {
          // Refused, or the process is gone.
        }
      }
      let there: string[] = answered;
      try {
        const { json } = await ask(url, "GET", "/channels/b/messages");
        there = json.messages.map(({ id }: { id: string }) => id);
      } catch {
        // The process is gone: then nothing may have been answered after the damage.
        expect(answered).to.deep.equal([]);
      }
      expect(there).to.deep.equal(answered);
      expect(server.stderr).to.not.match(/unhandled/i);
    });
  });
});

interface Said {
  stdout: string;
  stderr: string;
}

function collect(child: ChildProcess): Said {
  const said = { stdout: "", stderr: "" };
  child.stdout?.on("data", (text) => {
    said.stdout += text;
  });
  child.stderr?.on("data", (text) => {
    said.stderr += text;
  });
  return said;
}

async function outcomeOf(child: ChildProcess, said = collect(child)) {
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const code = child.exitCode ?? (await within(15_000, ended, "the end of the server"));
  return { code, ...said };
}
