import { expect } from "chai";
import fc from "fast-check";
import { formatAddresses, parseRedisUrl } from "../../src/redis/redis-url.ts";
import { defaultConfig } from "../../src/settings/config.ts";
import { formatLogLocation, parseLogLocation } from "../../src/settings/log-location.ts";
import { hostileText, nearly } from "./arbitraries.ts";
import { attempt, type Runs } from "./attempt.ts";

const SECRET = "s3cret-s3cret";

const url = nearly(
  fc
    .tuple(
      fc.constantFrom("redis", "rediss", "redis-sentinel", "rediss-sentinel", "redis-cluster"),
      fc.constantFrom("", `:${SECRET}@`, `user:${SECRET}@`, `u:${SECRET}@x@`, "%:%40@"),
      fc.array(fc.constantFrom("h", "h:1", "[::1]:7000", "10.0.0.1:6379", ":1", ""), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.constantFrom("", "/", "/0", "/15", "/mymaster", "/mymaster?db=3", "?db=3", "#x"),
    )
    .map(([scheme, user, hosts, path]) => `${scheme}://${user}${hosts.join(",")}${path}`),
);

/** What people read of a log: where it is, or why not. */
function whatIsSaid(log: string): string {
  try {
    return formatLogLocation(parseLogLocation({ ...defaultConfig(), log }));
  } catch (error) {
    return String(error);
  }
}

/** Whatever may be given as the URL of a Redis. */
export function describeRedisUrls({ light, heavy }: Runs): void {
  describe("URLs of Redis", () => {
    it("that are taken have addresses, and never show their password", () => {
      fc.assert(
        fc.property(url, (log) => {
          const said = whatIsSaid(log);
          if (/:\/\/.*s3cret-s3cret.*@/s.test(log)) expect(said).to.not.include(SECRET);
          const target = attempt(() => parseRedisUrl(log))?.value ?? null;
          if (target === null) return;
          expect(formatAddresses(target)).to.not.include(SECRET);
          expect(target.addresses.length).to.be.within(1, 32);
          for (const { host, port } of target.addresses) {
            expect(host).to.match(/^[^\s/@,[\]]+$/);
            expect(port).to.be.within(1, 65_535);
          }
          expect(target.database).to.be.within(0, 65_535);
          expect(target.masterName === "").to.equal(target.kind !== "sentinel");
        }),
        { numRuns: light },
      );
    });

    it("are read in no time, whatever they are", () => {
      const pieces = [
        "redis://",
        "redis-sentinel://",
        "@",
        ":",
        "/",
        ",",
        "?db=",
        "[",
        "]",
        "%",
        "1",
      ];
      fc.assert(
        fc.property(hostileText(100_000, pieces), (text) => {
          for (const log of [text, `redis://${text}`, `redis-cluster://${text}`])
            attempt(() => parseRedisUrl(log));
        }),
        { numRuns: heavy, endOnFailure: true },
      );
    });
  });
}
