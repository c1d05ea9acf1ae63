import { expect } from "chai";
import { formatAddresses, parseRedisUrl } from "../../src/redis/redis-url.ts";

describe("the URL of a Redis", () => {
  const none = { username: "", password: "", database: 0, masterName: "", isEncrypted: false };

  for (const [text, wanted] of [
    ["redis://h", { kind: "single", addresses: [{ host: "h", port: 6379 }] }],
    ["redis://h:1/3", { kind: "single", addresses: [{ host: "h", port: 1 }], database: 3 }],
    [
      "rediss://[::1]:2/",
      { kind: "single", addresses: [{ host: "::1", port: 2 }], isEncrypted: true },
    ],
    [
      "redis://u%3A:p%40%2F@h",
      { kind: "single", addresses: [{ host: "h", port: 6379 }], username: "u:", password: "p@/" },
    ],
    [
      "redis-sentinel://:p@a,b:1/my.master-1?db=2",
      {
        kind: "sentinel",
        addresses: [
          { host: "a", port: 26379 },
          { host: "b", port: 1 },
        ],
        password: "p",
        masterName: "my.master-1",
        database: 2,
      },
    ],
    [
      "rediss-cluster://a:1,b",
      {
        kind: "cluster",
        addresses: [
          { host: "a", port: 1 },
          { host: "b", port: 6379 },
        ],
        isEncrypted: true,
      },
    ],
  ] as const) {
    it(`is understood: ${text}`, () => {
      expect(parseRedisUrl(text)).to.deep.equal({ ...none, ...wanted });
    });
  }

  for (const text of [
    "redis://",
    "redis://a,b",
    "redis://h/x",
    "redis://h/65536",
    "redis://h?db=1",
    "redis://h:99999",
    "redis://h:0",
    "redis://u:%zz@h",
    "redis-sentinel://a",
    "redis-sentinel://a/",
    "redis-sentinel://a,/m",
    "redis-sentinel://a/m?db=x",
    "redis-sentinel://a/m/n",
    "redis-cluster://a/1",
    "redis-cluster://a?db=1",
    `redis-cluster://${"a,".repeat(32)}a`,
    "http://h",
  ]) {
    it(`is refused: ${text.slice(0, 40)}`, () => {
      expect(parseRedisUrl(text)).to.equal(null);
    });
  }

  it("is written for people without anything secret", () => {
    const target = parseRedisUrl("redis-sentinel://u:s3cret@a,[::1]:1/m");
    expect(target && formatAddresses(target)).to.equal("a:26379,[::1]:1");
  });
});
