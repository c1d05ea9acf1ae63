import { expect } from "chai";
import { defaultConfig } from "../src/settings/config.ts";
import { resolveMaxStreams } from "../src/settings/open-files.ts";
import { parseRetention } from "../src/settings/retention.ts";

describe("the retention that a configuration asks for", () => {
  it("is that of the first pattern that matches a channel, else the general one", () => {
    const retention = parseRetention(
      defaultConfig({ retention: ["log.debug=5/1000", "log.**=100/60000"], retainMessages: 7 }),
    );
    expect(retention.of("log.debug")).to.deep.equal({ maxMessages: 5, maxAgeMs: 1_000 });
    expect(retention.of("log.a.b")).to.deep.equal({ maxMessages: 100, maxAgeMs: 60_000 });
    expect(retention.of("log")).to.deep.equal({ maxMessages: 7, maxAgeMs: 86_400_000 });
  });

  for (const rule of [
    "log",
    "log=5",
    "=5/5",
    "log=0/5",
    "log=5/0",
    "a..b=5/5",
    "log=5/5/5",
    "log=-1/5",
  ]) {
    it(`refuses the rule "${rule}" with its remedy`, () => {
      expect(() => parseRetention(defaultConfig({ retention: [rule] }))).to.throw(
        /--retention has .*: write pattern=messages\/ms/,
      );
    });
  }
});

describe("the number of streams", () => {
  it("is what the limit of open files leaves room for, where nothing is said", () => {
    expect(resolveMaxStreams(0, 1_024)).to.equal(824);
    expect(resolveMaxStreams(0, 20_000)).to.equal(19_800);
    expect(resolveMaxStreams(0, 100)).to.equal(1);
    expect(resolveMaxStreams(0, null)).to.equal(1_000);
  });

  it("may be said up to that room, and is refused one past it", () => {
    expect(resolveMaxStreams(824, 1_024)).to.equal(824);
    expect(() => resolveMaxStreams(825, 1_024)).to.throw(/leaves room for 824: .*ulimit -n 1025/);
    expect(resolveMaxStreams(5_000, null)).to.equal(5_000);
  });
});
