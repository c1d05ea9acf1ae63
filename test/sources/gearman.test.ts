import { type AddressInfo, createServer, type Server } from "node:net";
import { expect } from "chai";
import { Gearmand, killGearmands } from "../support/gearmand.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { ask, messagesOf, untilMessages } from "../support/request.ts";
import {
  CliProcess,
  childrenOf,
  killProcesses,
  startServeProcess,
} from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

/** From one job to the next where many are queued, in ms. */
const SUBMIT_MS = 10;

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);

describe("Gearman as a source", function () {
  this.timeout(30_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
    await killGearmands();
    killProcesses();
    removeTemporaryDirectories();
  });

  const settings = ({ address }: Gearmand) => ({
    gearman: address,
    gearmanFunction: ["getmsg=doors"],
  });
  const untilTaken = (gearmand: Gearmand) =>
    eventually(10_000, async () => (await gearmand.status("getmsg")).workers === 1, "a worker");
  const dataOf = async (url: string, channel = "doors") => {
    const { json } = await ask(url, "GET", `/channels/${channel}/messages?limit=1000`);
    return json.messages.map((message: { data: unknown }) => message.data);
  };

  /** As a backend queues them while things happen. */
  const submitAll = (gearmand: Gearmand, count: number) =>
    gearmand.submitEach("getmsg", numbers(count).map(String), SUBMIT_MS);
  const checkStored = async (gearmand: Gearmand, url: string, count: number) => {
    await eventually(
      30_000,
      async () => (await gearmand.status("getmsg")).jobs === 0,
      "all jobs to be answered",
    );
    const stored = (await dataOf(url)) as number[];
    expect(stored.toSorted((a, b) => a - b)).to.deep.equal(numbers(count));
  };
  const aWhile = () => new Promise((resolve) => setTimeout(resolve, 100 + 300 * Math.random()));

  it("makes a message of each job, and answers it complete when the log has it", async () => {
    const gearmand = await Gearmand.start();
    const { url } = await startTestServer(settings(gearmand));
    const { connection } = await openFrame(url, "channels=doors");
    await untilTaken(gearmand);
    // In the foreground: it is answered now, by the message's id.
    const answer = await gearmand.submit("getmsg", '{"vid": 7}');
    const [, message] = await connection.untilEvents(({ length }) => length === 2, "the message");
    expect(answer).to.equal(message?.["id"]);
    expect(await dataOf(url)).to.deep.equal([{ vid: 7 }]);
    await gearmand.submit("getmsg", "door 8 opens", "-b");
    await gearmand.submit("getmsg", Buffer.of(0xff, 0xfe), "-b");
    await connection.untilEvents((events) => events.length === 4, "three messages");
    expect(await dataOf(url)).to.deep.equal([{ vid: 7 }, "door 8 opens", { base64: "//4=" }]);
    await eventually(5_000, async () => (await gearmand.status("getmsg")).jobs === 0, "no job");
  });

  it("takes jobs that were queued before it came, in their order, and several functions", async () => {
    const gearmand = await Gearmand.start();
    for (const n of numbers(20)) await gearmand.submit("getmsg", String(n), "-b");
    await gearmand.submit("lift", "up", "-b");
    const { url } = await startTestServer({
      gearman: gearmand.address,
      gearmanFunction: ["getmsg=doors", "lift=lifts.a"],
    });
    await eventually(10_000, async () => (await dataOf(url)).length === 20, "all jobs");
    expect(await dataOf(url)).to.deep.equal(numbers(20));
    const other = async () => (await dataOf(url, "lifts.a")).join();
    await eventually(10_000, async () => (await other()) === "up", "the other function's job");
  });

  it("says that a workload is too large, fails its job, and goes on with the next", async () => {
    const gearmand = await Gearmand.start();
    const { process, url } = await startServeProcess([
      ...["--memory", "--max-message-bytes", "1000", "--gearman", gearmand.address],
      ...["--gearman-function", "getmsg=doors", "--gearman-function", "other=others"],
    ]);
    await untilTaken(gearmand);
    await gearmand.submit("getmsg", "x".repeat(1_001), "-b");
    await gearmand.submitLarge("getmsg", "x".repeat(3_000_000));
    await gearmand.submit("getmsg", "y".repeat(1_000), "-b");
    await eventually(10_000, async () => (await dataOf(url)).length === 1, "the last");
    expect(await dataOf(url)).to.deep.equal(["y".repeat(1_000)]);
    expect(process.stderr).to.match(/"bytes":1001,.*larger than --max-message-bytes allows/);
    expect(process.stderr).to.match(/"bytes":3000000,.*larger than --max-message-bytes allows/);
    expect((await gearmand.status("getmsg")).jobs).to.equal(0);
  });

  /** A log that takes no message of the channel until another one's is deleted. */
  const startFull = async (gearmand: Gearmand) => {
    const { url, adminToken } = await startTestServer({ ...settings(gearmand), maxChannels: 1 });
    await publishJson(url, "full", 1);
    const headers = { Authorization: `Bearer ${adminToken}` };
    return { url, makeRoom: () => ask(url, "DELETE", "/channels/full", { headers }) };
  };

  it("keeps a job while the log can't take it for some seconds, and so their order", async () => {
    const gearmand = await Gearmand.start();
    const { url, makeRoom } = await startFull(gearmand);
    await submitAll(gearmand, 10);
    await makeRoom();
    await eventually(10_000, async () => (await dataOf(url)).length === 10, "all jobs");
    expect(await dataOf(url)).to.deep.equal(numbers(10));
  });

  it("gives a job back to the queue when the log can't take it for longer, and stores it when it can", async () => {
    const gearmand = await Gearmand.start();
    const { url, makeRoom } = await startFull(gearmand);
    await gearmand.submit("getmsg", "waits", "-b");
    await eventually(
      15_000,
      async () => {
        const { jobs, workers } = await gearmand.status("getmsg");
        return jobs === 1 && workers === 0;
      },
      "the job to be back in the queue",
    );
    await makeRoom();
    await eventually(20_000, async () => (await dataOf(url)).length === 1, "the job");
    expect(await dataOf(url)).to.deep.equal(["waits"]);
  });

  it("fails a job that can never be published, and goes on with the next", async () => {
    const gearmand = await Gearmand.start();
    const { url } = await startTestServer({ ...settings(gearmand), maxPendingBytes: 100_000 });
    await untilTaken(gearmand);
    await gearmand.submit("getmsg", "\u0001".repeat(60_000), "-b"); // six times as much, escaped
    await gearmand.submit("getmsg", "next", "-b");
    await eventually(10_000, async () => (await dataOf(url)).length === 1, "the next job");
    expect(await dataOf(url)).to.deep.equal(["next"]);
    expect((await gearmand.status("getmsg")).jobs).to.equal(0);
  });

  it("connects again when the job server was away, and takes a name that is given twice for two jobs", async () => {
    const first = await Gearmand.start();
    const { url } = await startTestServer(settings(first));
    await untilTaken(first);
    await first.submit("getmsg", "same", "-b", "-u", "one");
    await eventually(10_000, async () => (await dataOf(url)).length === 1, "the first job");
    await first.kill();
    // Its handles start anew: this job is H:...:1 again.
    const second = await Gearmand.start(first.port);
    await second.submit("getmsg", "same", "-b", "-u", "one");
    await eventually(20_000, async () => (await dataOf(url)).length === 2, "the second job");
    expect(await dataOf(url)).to.deep.equal(["same", "same"]);
  });

  it("publishes each of several jobs that carry the same unique id of the application", async () => {
    const gearmand = await Gearmand.start();
    const { url } = await startTestServer(settings(gearmand));
    const unique = ["-u", "4b71746e-e9ab-11f1-b915-02fc00000001"];
    for (const open of ["Y", "N", "Y"]) await gearmand.submit("getmsg", open, ...unique);
    expect(await dataOf(url)).to.deep.equal(["Y", "N", "Y"]);
  });

  it("loses no background job and doubles none, whenever the server is killed", async function () {
    this.timeout(90_000);
    const gearmand = await Gearmand.start();
    const data = createTemporaryDirectory();
    const start = () =>
      startServeProcess([
        ...["--data", data, "--gearman", gearmand.address],
        ...["--gearman-function", "getmsg=doors"],
      ]);
    let server = await start();
    const submitting = submitAll(gearmand, 400);
    for (let kill = 0; kill < 5; kill++) {
      await aWhile();
      server.process.kill("SIGKILL");
      await server.process.outcome;
      server = await start();
    }
    await submitting;
    await checkStored(gearmand, server.url, 400);
  });

  it("has one worker of several take the jobs, and another after it was killed, with none lost or doubled", async function () {
    this.timeout(90_000);
    const gearmand = await Gearmand.start();
    const { url, process } = await startServeProcess([
      ...["--data", createTemporaryDirectory(), "--workers", "2", "--gearman", gearmand.address],
      ...["--gearman-function", "getmsg=doors"],
    ]);
    await untilTaken(gearmand);
    const submitting = submitAll(gearmand, 400);
    for (let kill = 0; kill < 5; kill++) {
      await aWhile();
      const workers = childrenOf(process.child.pid ?? 0);
      global.process.kill(workers[kill % 2] ?? workers[0] ?? 0, "SIGKILL");
      await eventually(
        10_000,
        () => childrenOf(process.child.pid ?? 0).length === 2,
        "another worker",
      );
    }
    await submitting;
    // After the last kill it may be that none listens yet.
    await eventually(
      20_000,
      () => ask(url, "GET", "/healthz").catch(() => false as const),
      "a worker that answers",
    );
    await checkStored(gearmand, url, 400);
    await untilTaken(gearmand); // by one, and not by each
  });

  it("answers the job under way when the server stops, and leaves the others in their order", async function () {
    this.timeout(60_000);
    const gearmand = await Gearmand.start();
    const args = [
      ...["--data", createTemporaryDirectory(), "--gearman", gearmand.address],
      ...["--gearman-function", "getmsg=doors"],
    ];
    const count = 200;
    let server = await startServeProcess(args);
    const submitting = submitAll(gearmand, count);
    for (let stop = 0; stop < 3; stop++) {
      await aWhile();
      server.process.kill("SIGTERM");
      expect((await within(10_000, server.process.outcome, "the stop")).code).to.equal(0);
      server = await startServeProcess(args);
    }
    await submitting;
    await eventually(20_000, async () => (await dataOf(server.url)).length >= count, "all jobs");
    expect(await dataOf(server.url)).to.deep.equal(numbers(count));
  });

  it("costs no message when a browser leaves while it waits", async () => {
    const gearmand = await Gearmand.start();
    const { url } = await startTestServer(settings(gearmand));
    await untilTaken(gearmand);
    const { connection, open } = await openFrame(url, "channels=doors");
    connection.destroy();
    await gearmand.submit("getmsg", "nobody saw it", "-b");
    await eventually(10_000, async () => (await dataOf(url)).length === 1, "the job");
    const back = await openFrame(url, `channels=doors&after=${open["cursor"]}`);
    const events = await untilMessages(back.connection, 1);
    expect(messagesOf(events)[0]).to.include({ data: "nobody saw it" });
  });

  describe("with something else at its address", () => {
    let impostor: Server;
    afterEach(() => impostor.close());

    const NO_FUNCTIONS = ".\n";
    const ERROR = "\0RES\0\0\0\u0013\0\0\0\u0004bad\0";
    const JOB_OF_ANOTHER = "\0RES\0\0\0\u001f\0\0\0\u000bh\0other\0\0\0{}";
    for (const [answers, sentence] of [
      [["HTTP/1.1 400 Bad Request\r\n\r\n"], "this is not an answer of a job server"],
      [[NO_FUNCTIONS, "OK\n", NO_FUNCTIONS, "garbage"], "this is not an answer of a job server"],
      [["ERR unknown\n", "ERR unknown\n", "ERR unknown\n", ERROR], "bad"],
      [
        [NO_FUNCTIONS, "OK\n", NO_FUNCTIONS, JOB_OF_ANOTHER],
        "this is not an answer of a job server",
      ],
      [[NO_FUNCTIONS, "OK\n", NO_FUNCTIONS, "\0RES\0\0"], "no answer in 10 s"],
      [[], "no answer in 10 s"],
    ] as const) {
      it(`says "${sentence}" to ${JSON.stringify(answers.at(-1) ?? "silence")}, and tries again`, async () => {
        let connections = 0;
        impostor = createServer((socket) => {
          const left: string[] = [...answers];
          connections++;
          socket.on("error", () => {});
          socket.on("data", () => socket.write(left.shift() ?? ""));
        });
        await new Promise<void>((resolve) => impostor.listen(0, "127.0.0.1", resolve));
        const { port } = impostor.address() as AddressInfo;
        const { process } = await startServeProcess([
          ...["--memory", "--gearman", `127.0.0.1:${port}`, "--gearman-function", "getmsg=doors"],
        ]);
        await eventually(15_000, () => connections >= 2, "a second try");
        expect(process.stderr).to.contain(sentence);
        process.kill("SIGTERM");
        expect((await within(5_000, process.outcome, "the stop")).code).to.equal(0);
      });
    }
  });

  for (const [args, sentence] of [
    [["--gearman", "127.0.0.1:4730"], "--gearman and --gearman-function go together"],
    [["--gearman-function", "a=b"], "--gearman and --gearman-function go together"],
    [["--gearman", "127.0.0.1", "--gearman-function", "a=b"], '--gearman is "127.0.0.1"'],
    [["--gearman", "::1", "--gearman-function", "a=b"], '--gearman is "::1"'],
    [["--gearman", "http://h:1", "--gearman-function", "a=b"], '--gearman is "http://h:1"'],
    [["--gearman", "h:70000", "--gearman-function", "a=b"], '--gearman is "h:70000"'],
    [["--gearman", "h:1", "--gearman-function", "a"], '--gearman-function has "a"'],
    [["--gearman", "h:1", "--gearman-function", "a=b..c"], '--gearman-function has "a=b..c"'],
    [["--gearman", "h:1", "--gearman-function", "a=b,a=c"], '--gearman-function has "a" twice'],
  ] as const) {
    it(`is refused in one sentence for ${args.join(" ")}`, async () => {
      const { code, stderr } = await new CliProcess(["serve", "--memory", "--port", "0", ...args])
        .outcome;
      expect(code).to.equal(78);
      expect(stderr.trim().split("\n")).to.have.lengthOf(1);
      expect(stderr).to.contain(sentence);
    });
  }
});
