import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { findCommand } from "../support/find-command.mjs";
import { closeNotifySockets, NotifySocket } from "../support/notify-socket.ts";
import { ask } from "../support/request.ts";
import { childrenOf, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { TEST_TLS } from "../support/test-certificate.ts";
import { eventually } from "../support/within.ts";

const UNIT = join(import.meta.dirname, "../../deploy/foreverframe.service");

describe("a server under systemd", function () {
  this.timeout(60_000);
  let socket: NotifySocket;

  beforeEach(async () => {
    socket = await NotifySocket.start(createTemporaryDirectory());
  });
  afterEach(() => {
    closeNotifySockets();
    killProcesses();
    removeTemporaryDirectories();
  });

  const serve = (flags: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    startServeProcess(["--drain-ms", "500", ...flags], {
      NOTIFY_SOCKET: socket.path,
      ...environment,
    });
  const untilTold = (count: number, what: string) =>
    eventually(
      8_000,
      () => socket.told.length >= count,
      () => `${what}; told: ${socket.told}`,
    );

  it("says that it is ready when it listens, and that it stops when it drains", async () => {
    const { process, url } = await serve(["--memory"]);
    await untilTold(1, "READY");
    expect((await ask(url, "GET", "/readyz")).status).to.equal(200);
    process.kill("SIGTERM");
    await process.outcome;
    await untilTold(2, "STOPPING");
    expect(socket.told).to.deep.equal(["READY=1", "STOPPING=1"]);
  });

  it("says that it stops also where systemd was still being told that it is ready", async () => {
    const bin = createTemporaryDirectory();
    const slow = `#!/bin/sh\nsleep 1\nexec ${findCommand(["systemd-notify"])} "$@"\n`;
    writeFileSync(join(bin, "systemd-notify"), slow, { mode: 0o755 });
    const { process } = await serve(["--memory"], {
      PATH: `${bin}:${globalThis.process.env["PATH"]}`,
    });
    process.kill("SIGTERM");
    await untilTold(2, "READY and STOPPING");
    expect(socket.told).to.deep.equal(["READY=1", "STOPPING=1"]);
    expect((await process.outcome).code).to.equal(0);
  });

  it("says the same once with workers, and that its event loop turns while it does", async () => {
    const flags = ["--workers", "2", "--data", createTemporaryDirectory()];
    const { process } = await serve(flags, { WATCHDOG_USEC: "600000" });
    await untilTold(4, "three signs of life");
    expect(socket.told[0]).to.equal("READY=1");
    expect(new Set(socket.told.slice(1))).to.deep.equal(new Set(["WATCHDOG=1"]));
    process.kill("SIGSTOP");
    const { length } = socket.told;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(socket.told.length).to.be.at.most(length + 1); // which was on its way
    process.kill("SIGCONT");
    await untilTold(length + 2, "life again");
    const workers = childrenOf(process.child.pid ?? 0).length;
    expect(workers).to.be.at.least(2);
  });

  it("has no watchdog that is another process's", async () => {
    const { process } = await serve(["--memory"], { WATCHDOG_USEC: "100000", WATCHDOG_PID: "1" });
    await untilTold(1, "READY");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(socket.told).to.deep.equal(["READY=1"]);
    process.kill("SIGTERM");
  });

  it("says that it reads its certificate anew, and that it is ready again", async () => {
    const flags = ["--memory", "--tls-cert", TEST_TLS.tlsCert, "--tls-key", TEST_TLS.tlsKey];
    const { process } = await serve(flags);
    await untilTold(1, "READY");
    process.kill("SIGHUP");
    await untilTold(3, "READY again");
    expect(socket.told[1]).to.match(/^RELOADING=1 MONOTONIC_USEC=\d+$/);
    expect(socket.told[2]).to.equal("READY=1");
  });

  it("serves without systemd-notify, and says once that it is missing", async () => {
    const bin = createTemporaryDirectory();
    const { process, url } = await serve(["--memory"], { PATH: bin, WATCHDOG_USEC: "100000" });
    await eventually(5_000, () => /systemd-notify is not there/.test(process.stderr), "the line");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(process.stderr.match(/systemd-notify is not there/g)).to.have.lengthOf(1);
    expect((await ask(url, "GET", "/livez")).status).to.equal(200);
  });
});

describe("deploy/foreverframe.service", () => {
  afterEach(removeTemporaryDirectories);

  const analyze = (...args: readonly string[]) =>
    spawnSync("systemd-analyze", args, { encoding: "utf8" });

  it("is a unit that systemd takes without a word", () => {
    const { status, stderr } = analyze("verify", "--man=no", UNIT);
    expect(stderr).to.equal("");
    expect(status).to.equal(0);
  });

  it("leaves the server little that it does not need", () => {
    const { status, stdout } = analyze("security", "--offline=true", "--threshold=20", UNIT);
    expect(status, stdout.slice(-500)).to.equal(0);
  });

  it("is told apart from a broken one", () => {
    const copy = join(createTemporaryDirectory(), "units/foreverframe.service");
    mkdirSync(dirname(copy));
    copyFileSync(UNIT, copy);
    writeFileSync(copy, readFileSync(copy, "utf8").replace("Type=notify", "Type=notifying"));
    expect(analyze("verify", "--man=no", copy).stderr).to.match(/notifying/);
  });
});
