import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { versionFault } from "../../src/process/node-version.ts";
import { freePort } from "../support/free-port.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const CLI = join(import.meta.dirname, "../../dist/cli.js");
const IS_UP = async (url: string) =>
  fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  );

describe("a server as a process", function () {
  this.timeout(60_000);
  const children = new Set<ChildProcess>();

  afterEach(() => {
    closeConnections();
    for (const child of children) child.kill("SIGKILL");
    children.clear();
    removeTemporaryDirectories();
  });

  interface Start {
    readonly command?: readonly string[];
    readonly node?: readonly string[];
    readonly flags?: readonly string[];
    readonly stderr?: "ignore" | "pipe" | number;
    readonly env?: Readonly<Record<string, string>>;
  }

  async function start({
    command = [],
    node = [],
    flags = [],
    stderr = "ignore",
    env = {},
  }: Start) {
    const port = await freePort();
    const line = [
      ...command,
      process.execPath,
      ...node,
      CLI,
      ...["serve", "--port", String(port), "--data", createTemporaryDirectory(), ...flags],
    ];
    const child = spawn(line[0] ?? "", line.slice(1), {
      stdio: ["ignore", "ignore", stderr],
      env: { ...process.env, ...env },
    });
    children.add(child);
    const ended = new Promise<number | string | null>((resolve) =>
      child.once("exit", (code, signal) => resolve(code ?? signal)),
    );
    const url = `http://127.0.0.1:${port}`;
    return { child, url, port, ended };
  }

  it("serves on with its log lines on a full disk", async () => {
    const full = openSync("/dev/full", "w");
    const { url } = await start({ stderr: full });
    closeSync(full);
    await eventually(10_000, () => IS_UP(url), "the server");
    await publishJson(url, "a", 1);
  });

  it("serves on where it can't print its address", async () => {
    const command = ["sh", "-c", 'exec "$0" "$@" > /dev/full'];
    const { child, url } = await start({ command });
    await eventually(10_000, () => IS_UP(url), "the server");
    await publishJson(url, "a", 1);
    expect(await IS_UP(url)).to.equal(true);
    expect([child.exitCode, child.signalCode]).to.deep.equal([null, null]);
  });

  it("serves on when nobody reads its log lines", async () => {
    const { child, url } = await start({ stderr: "pipe", flags: ["--max-streams", "1"] });
    child.stderr?.pause();
    await eventually(10_000, () => IS_UP(url), "the server");
    await openFrame(url, "channels=a");
    for (let n = 0; n < 300; n++) {
      const { status } = await ask(url, "GET", "/stream?channels=a&transport=ndjson");
      expect(status).to.equal(503);
    }
    // A fault of its own for each: these are lines, and more than a pipe holds.
    for (let n = 0; n < 300; n++)
      await ask(url, "GET", `/channels/${"%C3%A9".repeat(30)}/messages`);
    expect(await IS_UP(url)).to.equal(true);
  });

  it("writes few lines of refusals, and none has a stack or a stream's id", async () => {
    const { child, url } = await start({ stderr: "pipe", flags: ["--max-streams", "1"] });
    let lines = "";
    child.stderr?.on("data", (data) => {
      lines += data;
    });
    await eventually(10_000, () => IS_UP(url), "the server");
    const { open } = await openFrame(url, "channels=a");
    for (let n = 0; n < 500; n++) {
      await ask(url, "GET", "/stream?channels=a&transport=poll&wait=0");
    }
    await eventually(2_000, () => lines.includes("FF_STREAMS_TOO_MANY"), "a line");
    expect(lines.length).to.be.below(3_000);
    expect(lines).to.not.include('"stack"');
    expect(lines).to.not.include(String(open["stream"]));
  });

  it("drains at SIGHUP: its streams are told", async () => {
    const { child, url, ended } = await start({});
    await eventually(10_000, () => IS_UP(url), "the server");
    const { connection } = await openFrame(url, "channels=a");
    child.kill("SIGHUP");
    const events = await connection.untilEvents(({ length }) => length === 2, "close");
    expect(events[1]).to.include({ type: "close", reason: "shutdown" });
    expect(await within(15_000, ended, "its end")).to.equal(0);
  });

  it("drains at a SIGTERM that comes as soon as it says that it serves", async () => {
    const stop = `
      const { write } = process.stdout;
      process.stdout.write = function (text, ...more) {
        if (/serves at/.test(text)) process.kill(process.pid, "SIGTERM");
        return write.call(this, text, ...more);
      };`;
    const node = ["--import", `data:text/javascript,${encodeURIComponent(stop)}`];
    const { ended } = await start({ node });
    expect(await within(15_000, ended, "its end")).to.equal(0);
  });

  const isRoot = process.getuid?.() === 0;
  const AS_PROCESS_1 = [
    ...["unshare", "--pid", "--fork", "--mount-proc"],
    ...(isRoot ? [] : ["--map-root-user"]),
  ];
  const firstOf = async ({ pid }: ChildProcess): Promise<number> =>
    eventually(
      5_000,
      () => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim()) || undefined,
      "process 1",
    );

  it("ends by a fault of its own as process 1, as in a container", async () => {
    const fault = "data:text/javascript,process.on('SIGUSR2',()=>{throw new Error('a fault')})";
    const { child, url, ended } = await start({ command: AS_PROCESS_1, node: ["--import", fault] });
    await eventually(10_000, () => IS_UP(url), "the server");
    process.kill(await firstOf(child), "SIGUSR2");
    expect(await within(10_000, ended, "its end")).to.not.equal(0);
  });

  it("drains at SIGTERM as process 1, and ends at the second", async () => {
    const server = await start({ command: AS_PROCESS_1, flags: ["--drain-ms", "30000"] });
    await eventually(10_000, () => IS_UP(server.url), "the server");
    const first = await firstOf(server.child);
    const slow = connect(server.port, "127.0.0.1");
    slow.on("error", () => {});
    slow.write(
      "POST /channels/a/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n1",
    );
    const { connection } = await openFrame(server.url, "channels=a");
    process.kill(first, "SIGTERM");
    await connection.untilEvents((events) => events.at(-1)?.["reason"] === "shutdown", "shutdown");
    process.kill(first, "SIGTERM");
    expect(await within(5_000, server.ended, "its end")).to.equal(143);
    slow.destroy();
  });

  it("starts beside the variables that Kubernetes sets for a service of its name", async () => {
    const tcp = "tcp://10.96.7.8:80";
    const { url } = await start({
      env: {
        FOREVERFRAME_SERVICE_HOST: "10.96.7.8",
        FOREVERFRAME_SERVICE_PORT: "80",
        FOREVERFRAME_SERVICE_PORT_HTTP: "80",
        FOREVERFRAME_PORT: tcp,
        FOREVERFRAME_PORT_80_TCP: tcp,
        FOREVERFRAME_PORT_80_TCP_ADDR: "10.96.7.8",
        FOREVERFRAME_METRICS_SERVICE_HOST: "10.96.7.9",
        FOREVERFRAME_METRICS_PORT: tcp,
      },
    });
    await eventually(10_000, () => IS_UP(url), "the server");
  });

  for (const [flags, part, code] of [
    [["--allowed-hosts", "http://x/"], "without scheme and path", 78],
    [["--allowed-origins", "https://x/path"], "without a path", 78],
    [["--admin-token", "short"], "can be guessed", 78],
    [["--data", "/proc/x"], "--data", 75],
  ] as const) {
    it(`ends at once with one sentence for ${flags.join(" ")}`, async () => {
      const { child, ended } = await start({ stderr: "pipe", flags });
      let said = "";
      child.stderr?.on("data", (data) => {
        said += data;
      });
      expect(await within(10_000, ended, "its end")).to.equal(code);
      await eventually(1_000, () => said.includes(part), `a sentence with "${part}": ${said}`);
      expect(said.trim().split("\n")).to.have.lengthOf(1);
    });
  }
});

describe("the version of Node.js", () => {
  it("is refused where it is older than package.json says", () => {
    for (const version of ["20.19.0", "20.20.2", "22.0.0", "24.1.0"])
      expect(versionFault(version, ">=20.19"), version).to.equal(null);
    for (const version of ["18.20.4", "20.18.3", "16.0.0", "8.9.0"])
      expect(versionFault(version, ">=20.19"), version).to.include("20.19 or newer");
  });
});
