import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createForeverframe } from "../../src/index.ts";
import { CodeBlocks } from "../support/code-blocks.ts";
import { EventReceiver, type HookEvent, stopReceivers } from "../support/event-receiver.ts";
import { freePort } from "../support/free-port.ts";
import { closeConnections, openFrame } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { createSecretFile } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";

const ADMIN = { Authorization: "Bearer the-admin-token", "Content-Type": "application/json" };

describe("the events of a server", function () {
  this.timeout(60_000);
  let receiver: EventReceiver;
  let secretFile: string;

  beforeEach(async () => {
    receiver = await EventReceiver.start();
    secretFile = createSecretFile().path;
  });
  afterEach(async () => {
    closeConnections();
    killProcesses();
    await stopServers();
    await stopReceivers();
    removeTemporaryDirectories();
  });

  const settings = () => ({
    adminToken: "the-admin-token",
    eventsUrl: receiver.url,
    eventsSecretFile: secretFile,
  });

  it("tell of a stream what the contract says, and never its id", async () => {
    const { url } = await startTestServer(settings());
    const { open } = await openFrame(url, "channels=doors.*,log&client=panel");
    const body = '{"text":"at 6"}';
    await ask(url, "POST", "/clients/panel/close", { headers: ADMIN, body });
    const [opened, closed] = await receiver.until(({ length }) => length === 2, "both events");
    const about = {
      handle: 1,
      client: "panel",
      subject: null,
      channels: ["doors.*", "log"],
      transport: "frame",
      address: "127.0.0.1",
      openedAt: opened?.["openedAt"],
    };
    expect(opened).to.deep.equal({ type: "opened", ...about, at: opened?.["at"] });
    const { bytes, openMs, at } = closed as HookEvent;
    const ending = { reason: "admin", text: "at 6", messages: 0, bytes, openMs, at };
    expect(closed).to.deep.equal({ type: "closed", ...about, ...ending });
    for (const time of [opened?.["at"], at, about.openedAt])
      expect(Math.abs(Number(time) - Date.now())).to.be.below(30_000);
    expect(receiver.batches.map(({ text }) => text).join()).to.not.contain(open["stream"]);
  });

  it("come for each way in which a stream ends, also for those that end with the server", async () => {
    const server = await startTestServer({ ...settings(), recycleBytes: 1 });
    const { url } = server;
    const gone = await openFrame(url, "channels=a");
    gone.connection.destroy();
    const own = await openFrame(url, "channels=a");
    await ask(url, "POST", `/streams/${own.open["stream"]}/close`);
    await ask(url, "GET", "/stream?transport=poll&channels=a&wait=0");
    await receiver.until(({ length }) => length === 5, "those of three streams");
    await stopServers();
    const reasons = receiver.events.map(({ handle, reason }) => reason && `${handle} ${reason}`);
    expect(reasons.filter(Boolean)).to.have.members(["1 gone", "2 client", "3 shutdown"]);
  });

  it("come from all workers, each with numbers of its own", async () => {
    const { process, url } = await startServeProcess([
      ...["--workers", "2", "--data", createTemporaryDirectory(), "--drain-ms", "4000"],
      ...["--events-url", receiver.url, "--events-secret-file", secretFile],
    ]);
    for (let n = 0; n < 40; n++) await openFrame(url, `channels=doors&client=c${n}`);
    process.kill("SIGTERM");
    expect((await process.outcome).code).to.equal(0);
    const clientsOf = (wanted: string) =>
      receiver.events.filter(({ type }) => type === wanted).map(({ client }) => client);
    const clients = Array.from({ length: 40 }, (_, n) => `c${n}`);
    expect(clientsOf("opened")).to.have.members(clients);
    expect(clientsOf("closed")).to.have.members(clients);
    const processes = new Set(receiver.batches.map((batch) => batch.process));
    expect(processes).to.have.lengthOf(2);
    for (const name of processes) {
      const own = receiver.batches.filter((batch) => batch.process === name);
      expect(own.map(({ seq }) => seq)).to.deep.equal(own.map((_, i) => i + 1));
    }
  });

  it("are told by a library, too, and an alarm says while they are not taken", async () => {
    receiver.respond = (response) => response.writeHead(500).end();
    const lines: string[] = [];
    const tell = (about: object, text: string) =>
      void lines.push(`${JSON.stringify(about)} ${text}`);
    const logger = { debug: () => {}, info: tell, warn: tell, error: tell };
    const { eventsUrl, eventsSecretFile } = settings();
    const secretPath = eventsUrl.replace("streams", "a-secret-path");
    const ff = await createForeverframe({
      memory: true,
      eventsUrl: secretPath,
      eventsSecretFile,
      logger,
    });
    const reading = ff.subscribe("doors").next();
    await eventually(8_000, () => lines.length === 1, "the alarm");
    expect(lines[0]).to.match(/events-not-taken.*answers with the status 500.*see to it/);
    expect(lines[0]).to.not.contain("a-secret-path");
    receiver.respond = (response) => response.writeHead(200).end("ok");
    await eventually(8_000, () => lines.length === 2, "its end");
    await ff.drain();
    await reading;
    expect(receiver.events.map(({ type }) => type)).to.deep.equal(["opened", "closed"]);
    expect(receiver.events[1]).to.include({ reason: "shutdown", address: null });
  });

  for (const [wrong, message] of [
    [{ eventsUrl: "http://127.0.0.1/" }, /go together/],
    [{ eventsUrl: "ftp://127.0.0.1/", eventsSecretFile: "x" }, /not a URL that can be called/],
    [
      { eventsUrl: "http://a:secret@127.0.0.1/", eventsSecretFile: "x" },
      /without a name and password/,
    ],
    [
      { eventsUrl: "http://127.0.0.1/", eventsSecretFile: "/nowhere" },
      /--events-secret-file .* can't be read/,
    ],
  ] as const) {
    it(`are refused with the settings ${JSON.stringify(wrong)}, without what they hold`, async () => {
      const starting = startTestServer(wrong);
      const error = await starting.then(
        () => null,
        (reason: Error) => reason,
      );
      expect(error?.message).to.match(message).and.not.contain("a:secret");
    });
  }
});

describe("docs/events.md", function () {
  this.timeout(60_000);
  const blocks = new CodeBlocks("docs/events.md");
  const children: ChildProcess[] = [];

  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL");
    closeConnections();
    await stopServers();
    removeTemporaryDirectories();
  });

  for (const [language, file, command] of [
    ["js", "receiver.mjs", (port: number) => [process.execPath, "receiver.mjs", String(port)]],
    ["php", "receiver.php", (port: number) => ["php", "-S", `127.0.0.1:${port}`, "receiver.php"]],
  ] as const) {
    it(`has a receiver in ${language} that takes what is signed, and nothing else`, async () => {
      const directory = createTemporaryDirectory();
      const { path, secret } = createSecretFile();
      writeFileSync(join(directory, "events-secret"), secret);
      writeFileSync(join(directory, file), blocks.take("A receiver", language));
      const port = await freePort();
      const [program = "", ...args] = command(port);
      const child = spawn(program, args, {
        cwd: directory,
        env: { ...process.env, PORT: String(port) },
      });
      children.push(child);
      let output = "";
      for (const out of [child.stdout, child.stderr]) out?.on("data", (data) => (output += data));
      const url = `http://127.0.0.1:${port}/`;
      const answers = () =>
        fetch(url, { method: "POST", body: "{}" }).then(
          ({ status }) => status,
          () => 0,
        );
      await eventually(10_000, async () => (await answers()) === 403, "the receiver");
      const server = await startTestServer({ eventsUrl: url, eventsSecretFile: path });
      await openFrame(server.url, "channels=doors&client=panel");
      await eventually(
        8_000,
        () => /opened/.test(output) && /panel/.test(output),
        () => output,
      );
    });
  }

  it("has no other code that a test could run", () => {
    blocks.take("Events: your application hears of streams", "sh");
    blocks.take("What is sent", "json");
    expect(blocks.left).to.deep.equal([]);
  });
});
