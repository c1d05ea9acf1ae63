import { expect } from "chai";
import { freePort } from "../support/free-port.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { type RedisProcess, startRedis, startReplica, stopRedis } from "../support/redis.ts";
import { ask } from "../support/request.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { TEST_TLS } from "../support/test-certificate.ts";
import { eventually, within } from "../support/within.ts";

const { tlsCert, tlsKey } = TEST_TLS;
const ADMIN = { Authorization: "Bearer admin-token" };

/** As in docs/redis.md. */
const RULES =
  "~{ff:}* &{ff:}* +@read +@write -@dangerous +info +eval +evalsha +time +wait +publish +subscribe +pubsub";

describe("two servers whose Redis is not open to everybody", function () {
  this.timeout(60_000);
  let redis: RedisProcess;

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await stopRedis();
    removeTemporaryDirectories();
  });

  /** Publish, stream, close at the other one, delete, and be told. */
  async function useBoth(log: string, flags: readonly string[], environment = {}) {
    const start = () =>
      startServeProcess(["--log", log, "--admin-token", "admin-token", ...flags], environment);
    const [one, two] = await Promise.all([start(), start()]);
    const { connection, open } = await openFrame(one.url, "channels=a,b.*");
    for (let n = 1; n <= 3; n++) await publishJson(n % 2 === 0 ? one.url : two.url, "a", n);
    await connection.untilEvents((events) => events.some(({ data }) => data === 3), "3");
    const deleted = await ask(two.url, "DELETE", "/channels/a", { headers: ADMIN });
    expect(deleted.json).to.include({ removed: 3 });
    const closed = await ask(two.url, "POST", `/streams/${open["stream"]}/close`);
    expect(closed.json).to.include({ reason: "client" });
    return [one.process, two.process];
  }

  describe("but has TLS", () => {
    let url: string;
    beforeEach(async () => {
      const port = await freePort();
      const files = ["--tls-cert-file", tlsCert, "--tls-key-file", tlsKey];
      const trust = ["--tls-ca-cert-file", tlsCert, "--tls-auth-clients", "no"];
      redis = await startRedis(["--tls-port", String(port), ...files, ...trust]);
      url = `rediss://localhost:${port}`;
    });

    it("use it with a certificate that Node trusts", async () => {
      await useBoth(url, [], { NODE_EXTRA_CA_CERTS: tlsCert });
    });

    it("refuse it with another", async () => {
      const { outcome } = new CliProcess(["serve", "--port", "0", "--log", url]);
      const { code, stderr } = await within(20_000, outcome, "the refusal");
      expect(stderr).to.match(/can't be opened \(.*self-signed certificate/);
      expect(code).to.be.greaterThan(0);
    });
  });

  describe("but has users", () => {
    const password = "p@ss:w/rd";
    const urlOf = (name: string) =>
      `redis://${name}:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`;
    beforeEach(async () => {
      redis = await startRedis();
      await redis.command("ACL", "SETUSER", "push", "on", `>${password}`, ...RULES.split(" "));
    });

    it("use it as a user who may do no more than the documents say", async () => {
      await startReplica(redis);
      const servers = await useBoth(urlOf("push"), ["--redis-wait", "1"]);
      await redis.command("FLUSHALL"); // so that it sweeps up
      const [server] = servers as [CliProcess];
      const url = /serves at (\S+)/.exec(server.stdout)?.[1] ?? "";
      await publishJson(url, "a", 4);
      for (const { stderr, stdout } of servers) {
        expect(stderr + stdout).to.not.match(/NOPERM/);
        expect(stderr + stdout).to.not.include(password);
        expect(stderr + stdout).to.not.include(encodeURIComponent(password));
      }
      // What Redis is asked for without need: how it writes to its disk, and to keep a name.
      const log = (await redis.command("ACL", "LOG")) as readonly (readonly unknown[])[];
      const denied = log.map((entry) => entry[entry.indexOf("object") + 1]);
      expect(["config|get", "client|setinfo"]).to.include.members(denied);
    });

    it("are refused where he may not wait, or not talk to the other, with what is missing", async () => {
      for (const [rule, flags, said] of [
        ["-wait", ["--redis-wait", "1"], /can't be opened \(NOPERM.*'wait'/],
        ["-publish", [], /talk to each other.*'publish'/],
        ["-pubsub", [], /talk to each other.*'pubsub/],
        ["-subscribe", [], /talk to each other.*'subscribe'/],
        ["-eval", [], /can't be opened \(NOPERM.*'eval'/],
      ] as const) {
        await redis.command("ACL", "SETUSER", "other", "on", `>${password}`, ...RULES.split(" "));
        await redis.command("ACL", "SETUSER", "other", rule);
        const server = new CliProcess(["serve", "--port", "0", "--log", urlOf("other"), ...flags]);
        await eventually(20_000, () => said.test(server.stderr + server.stdout), `${said}`);
        server.kill("SIGKILL");
        expect(server.stderr).to.not.include(encodeURIComponent(password));
        await redis.command("ACL", "DELUSER", "other");
      }
    });
  });
});
