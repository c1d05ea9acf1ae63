import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { publishJson } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const isRoot = process.getuid?.() === 0;

/** A server that is process 1 of a namespace of its own, as in a container. */
class Container {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output = "";

  constructor(data: string) {
    this.child = spawn("unshare", [
      ...(isRoot ? [] : ["--user", "--map-root-user"]),
      ...["--pid", "--fork", "--mount-proc", "--kill-child", process.execPath, CLI],
      ...["serve", "--port", "0", "--data", data],
    ]);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (text) => {
        this.output += text;
      });
    }
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
  }

  url(): Promise<string> {
    return eventually(
      15_000,
      () => /serves at (\S+)/.exec(this.output)?.[1],
      () => `the address; it said: ${this.output}`,
    );
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}

describe("the lock of a log", function () {
  this.timeout(60_000);
  let data: string;
  const containers: Container[] = [];
  const startContainer = () => {
    const container = new Container(data);
    containers.push(container);
    return container;
  };

  beforeEach(() => {
    data = createTemporaryDirectory();
  });
  afterEach(async () => {
    killProcesses();
    for (const container of containers) container.kill();
    await Promise.all(containers.splice(0).map(({ ended }) => ended));
    removeTemporaryDirectories();
  });

  it("holds between two containers, in both of which the server is process 1, and falls with the first", async () => {
    const first = startContainer();
    await publishJson(await first.url(), "a", 1);
    const second = startContainer();
    expect(await within(20_000, second.ended, "the end of the second")).to.equal(75);
    expect(second.output).to.match(/log in use by another server: waiting/);
    expect(second.output).to.match(/foreverframe: Another server \(process \d+\) has the log in "/);
    await publishJson(await first.url(), "a", 2);
    first.kill();
    await within(5_000, first.ended, "the end of the first");
    const third = startContainer();
    const { json } = await ask(await third.url(), "GET", "/channels/a/messages");
    expect(json.messages.map((message: { data: unknown }) => message.data)).to.deep.equal([1, 2]);
  });

  it("goes to a server that is started while the one before it drains", async () => {
    const { process: first, url } = await startServeProcess(["--data", data]);
    await publishJson(url, "a", 1);
    const second = new CliProcess(["serve", "--port", "0", "--data", data]);
    await eventually(10_000, () => /waiting some seconds/.test(second.stderr), "the wait");
    first.kill("SIGTERM");
    await eventually(10_000, () => /serves at/.test(second.stdout), "the second server");
    expect((await within(5_000, first.outcome, "the end of the first")).code).to.equal(0);
  });

  it("goes to one of four servers that are started at once, also with workers", async () => {
    const servers = Array.from(
      { length: 4 },
      (_, n) =>
        new CliProcess(["serve", "--port", "0", "--data", data, "--workers", String(n % 2)]),
    );
    const codes: (number | null)[] = [];
    for (const server of servers) void server.outcome.then(({ code }) => codes.push(code));
    await eventually(40_000, () => codes.length === 3, "the end of three");
    expect(codes).to.deep.equal([75, 75, 75]);
    expect(servers.filter(({ stdout }) => /serves at/.test(stdout))).to.have.lengthOf(1);
  });

  it("names nobody else where a lock of version 0.1 names this very process", async () => {
    const script =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
      'read -r stat < /proc/$$/stat; set -- ${stat##*) }; shift 19; printf \'{"pid":%s,"started":"%s"}\' $$ $1 > "$DATA/serve.lock"; ' +
      `exec "${process.execPath}" "${CLI}" serve --port 0 --data "$DATA"`;
    const child = spawn("bash", ["-c", script], { env: { ...process.env, DATA: data } });
    try {
      let output = "";
      child.stdout.on("data", (text) => {
        output += text;
      });
      await eventually(10_000, () => output.includes("serves at"), "the server");
      expect(readFileSync(`/proc/${child.pid}/stat`, "utf8")).to.not.match(/ Z /);
    } finally {
      child.kill("SIGKILL");
    }
  });
});
