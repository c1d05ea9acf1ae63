import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import { findRedis } from "../../src/redis/find-redis.ts";
import { parseRedisUrl, type RedisTarget } from "../../src/redis/redis-url.ts";
import { freePort } from "../support/free-port.ts";
import { type RedisProcess, startRedis, stopRedis } from "../support/redis.ts";
import { pauseSentinel, startSentinel, stopSentinels } from "../support/redis-sentinel.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { TEST_TLS, trustTestCertificate } from "../support/test-certificate.ts";

describe("the master that sentinels know", function () {
  this.timeout(30_000);
  let older: RedisProcess;
  let newer: RedisProcess;

  beforeEach(async () => {
    [older, newer] = await Promise.all([startRedis(), startRedis()]);
  });
  afterEach(async () => {
    await stopSentinels();
    await stopRedis();
    removeTemporaryDirectories();
  });

  const find = (hosts: readonly (string | number)[], credentials = "") => {
    const addresses = hosts.map((host) => (typeof host === "number" ? `127.0.0.1:${host}` : host));
    const url = `redis-sentinel://${credentials}${addresses.join(",")}/mymaster`;
    return findRedis(parseRedisUrl(url) as RedisTarget, "{ff:}marks");
  };

  it("is that of the latest failover, whatever sentinels say that were cut off", async () => {
    const late = await startSentinel(older, ["sentinel config-epoch mymaster 3"]);
    const right = await startSentinel(newer, ["sentinel config-epoch mymaster 4"]);
    for (const hosts of [
      [late, right],
      [right, late],
    ])
      expect(await find(hosts)).to.deep.equal({ host: "127.0.0.1", port: newer.port });
  });

  it("is found in two seconds where others hang or are away", async () => {
    const [hung, away] = [await startSentinel(older), 1];
    const right = await startSentinel(newer);
    pauseSentinel(hung);
    const began = performance.now();
    expect(await find([hung, away, right])).to.include({ port: newer.port });
    expect(performance.now() - began, "ms").to.be.below(2_000);
  });

  it("is nowhere while one of them makes another the master", async () => {
    const right = await startSentinel(newer);
    const fields = ["ip", "127.0.0.1", "port", "1", "flags", "master,failover_in_progress"];
    const reply = `*6\r\n${fields.map((each) => `$${each.length}\r\n${each}\r\n`).join("")}`;
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => {
        for (const command of String(data)
          .split(/\*\d+\r\n/)
          .slice(1))
          socket.write(command.includes("SENTINEL") ? reply : "+OK\r\n");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const leader = (server.address() as AddressInfo).port;
    const error = await find([right, leader]).catch((thrown: unknown) => thrown);
    server.close();
    expect(String(error)).to.match(/make another Redis the master "mymaster" now/);
  });

  it("is asked for with TLS where the URL says so", async () => {
    const takeBack = trustTestCertificate();
    try {
      const port = await freePort();
      const { tlsCert, tlsKey } = TEST_TLS;
      const files = [`tls-cert-file ${tlsCert}`, `tls-key-file ${tlsKey}`];
      const trust = [`tls-ca-cert-file ${tlsCert}`, "tls-auth-clients no"];
      await startSentinel(newer, [`tls-port ${port}`, ...files, ...trust]);
      const target = parseRedisUrl(`rediss-sentinel://localhost:${port}/mymaster`);
      expect(await findRedis(target as RedisTarget, "x")).to.include({ port: newer.port });
    } finally {
      takeBack();
    }
  });

  it("is told to those who have the sentinels' password, and to all where they have none", async () => {
    const shut = await startSentinel(newer, ["requirepass s3cret"]);
    const open = await startSentinel(newer);
    expect(await find([shut], ":s3cret@")).to.include({ port: newer.port });
    expect(await find([open], ":s3cret@")).to.include({ port: newer.port });
    for (const credentials of ["", ":s3crets@"]) {
      const error = await find([shut], credentials).catch((thrown: unknown) => thrown);
      expect(String(error)).to.match(/No sentinel at .* says where .*(?:NOAUTH|WRONGPASS)/);
      expect(String(error)).to.not.include("s3cret");
    }
  });
});
