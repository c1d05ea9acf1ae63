import { copyFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { childrenOf, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import {
  type CertificateFiles,
  makeCertificate,
  trustTestCertificate,
} from "../support/test-certificate.ts";
import { eventually } from "../support/within.ts";

const WORKERS = 2;

/** Whose certificate a server shows on a new connection. */
function nameShown(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
  });
}

/** The names that many new connections are shown: each worker takes some of them. */
async function namesShown(url: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (let n = 0; n < 30; n++) names.push(await nameShown(url));
  return [...new Set(names)].sort();
}

describe("a certificate whose files change", function () {
  this.timeout(60_000);
  let distrust = () => {};

  before(() => {
    distrust = trustTestCertificate();
  });
  afterEach(() => {
    closeConnections();
    killProcesses();
  });
  after(() => {
    distrust();
    removeTemporaryDirectories();
  });

  const start = async (...flags: string[]) => {
    const files = makeCertificate({ name: "first.example" });
    const { tlsCert, tlsKey } = files;
    const tls = ["--tls-cert", tlsCert, "--tls-key", tlsKey];
    const data = ["--data", createTemporaryDirectory()];
    return { files, ...(await startServeProcess([...data, ...tls, ...flags])) };
  };
  const replace = (files: CertificateFiles, name: string) => {
    const next = makeCertificate({ name });
    copyFileSync(next.tlsCert, files.tlsCert);
    copyFileSync(next.tlsKey, files.tlsKey);
  };

  for (const [what, flags] of [
    ["by one process", []],
    ["by workers", ["--workers", String(WORKERS)]],
  ] as const) {
    it(`is taken ${what} by itself, and at once at SIGHUP; streams stay open`, async () => {
      const { files, process, url } = await start(...flags);
      const { connection } = await openFrame(url, "channels=a");
      expect(await namesShown(url)).to.deep.equal(["first.example"]);
      replace(files, "second.example");
      await eventually(
        20_000,
        async () => String(await namesShown(url)) === "second.example",
        "the new certificate",
      );
      replace(files, "third.example");
      process.kill("SIGHUP");
      await eventually(
        3_000,
        async () => String(await namesShown(url)) === "third.example",
        "the newest certificate",
      );
      await publishJson(url, "a", "still here");
      await connection.untilEvents(
        (events) => events.at(-1)?.["data"] === "still here",
        "the message",
      );
      expect(process.hasEnded).to.equal(false);
    });

    it(`is kept ${what} where the new files are faulty, with one line in the log`, async () => {
      const { files, process, url } = await start(...flags);
      writeFileSync(files.tlsKey, "broken");
      process.kill("SIGHUP");
      await eventually(5_000, () => process.stderr.includes("not taken"), "the line");
      expect(await namesShown(url)).to.deep.equal(["first.example"]);
      expect(process.stderr).to.include("does not hold a private key");
    });
  }

  it("does not keep a worker that replaces another from starting, even if they are faulty", async () => {
    const { files, process, url } = await start("--workers", String(WORKERS));
    replace(files, "second.example");
    process.kill("SIGHUP");
    await eventually(
      5_000,
      async () => String(await namesShown(url)) === "second.example",
      "the new certificate",
    );
    writeFileSync(files.tlsCert, "broken");
    const workers = () => childrenOf(process.child.pid ?? 0);
    const [killed] = workers();
    if (killed === undefined) throw new Error("there is no worker");
    globalThis.process.kill(killed, "SIGKILL");
    await eventually(
      20_000,
      () => workers().length === WORKERS && !workers().includes(killed),
      "another worker",
    );
    const listening = () => process.stderr.match(/worker failed to start/g);
    await eventually(
      10_000,
      async () => String(await namesShown(url)) === "second.example",
      "the same certificate",
    );
    expect(listening()).to.equal(null);
  });

  it("stops the start in one sentence where they are faulty from the beginning", async () => {
    const { tlsCert } = makeCertificate();
    const { tlsKey } = makeCertificate();
    for (const flags of [[], ["--workers", "2"]]) {
      const fault = await startServeProcess([
        "--tls-cert",
        tlsCert,
        "--tls-key",
        tlsKey,
        ...flags,
      ]).then(() => "none", String);
      expect(fault).to.match(/foreverframe: --tls-key \S+ is not the key of --tls-cert/);
    }
  });
});
