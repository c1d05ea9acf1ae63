import { expect } from "chai";
import { ChannelRates } from "../../src/core/channel-rates.ts";
import { cursorBefore } from "../../src/core/cursor.ts";
import { Histogram, quantile } from "../../src/core/histogram.ts";
import { Ring } from "../../src/core/ring.ts";

describe("Ring", () => {
  it("keeps the newest items, up to their number and their weight", () => {
    const ring = new Ring<number>(3, 10);
    for (let n = 1; n <= 1_000; n++) ring.add(n, 1);
    expect(ring.filter(() => true)).to.deep.equal([998, 999, 1_000]);
    expect(ring.last(2)).to.deep.equal([1_000, 999]);
    expect(ring.find((n) => n > 998)).to.equal(999);
    ring.add(1_001, 9);
    expect(ring.filter(() => true)).to.deep.equal([1_000, 1_001]);
    ring.add(1_002, 100);
    expect(ring.filter(() => true)).to.deep.equal([1_002]);
  });
});

describe("Histogram", () => {
  it("says which bound a share of all values did not exceed", () => {
    const histogram = new Histogram();
    histogram.observe(0.0004, 98);
    histogram.observe(0.2, 2);
    expect(quantile(histogram.figures(), 0.5)).to.equal(0.001);
    expect(quantile(histogram.figures(), 0.99)).to.equal(0.25);
    histogram.observe(60, 1_000);
    expect(quantile(histogram.figures(), 0.99)).to.equal(Number.POSITIVE_INFINITY);
    expect(quantile(new Histogram().figures(), 0.99)).to.equal(null);
  });
});

describe("ChannelRates", () => {
  it("come to the rate of a steady channel, halve in 30 s, and stay bounded", () => {
    let now = 0;
    const rates = new ChannelRates(() => now);
    for (let n = 0; n < 3_000; n++) {
      now += 100;
      rates.add("doors");
    }
    expect(rates.of("doors")).to.be.closeTo(10, 0.2);
    now += 30_000;
    expect(rates.of("doors")).to.be.closeTo(5, 0.1);
    for (let n = 0; n < 10_000; n++) rates.add(`c${n}`);
    expect(rates.of("doors")).to.equal(0);
  });
});

describe("cursorBefore", () => {
  for (const [cursor, before] of [
    ["epoch.0000000000001", "epoch.0000000000000"],
    ["epoch.000000000a000", "epoch.0000000009zzz"],
    ["epoch.0000000000000", "epoch.0000000000000"],
    ["epoch.k2f9000000b10", "epoch.k2f9000000b0z"],
  ] as const) {
    it(`is ${before} for ${cursor}`, () => {
      expect(cursorBefore(cursor)).to.equal(before);
    });
  }
});
