import { expect } from "chai";
import { RateLimit } from "../../src/core/rate-limit.ts";

describe("a rate limit", () => {
  let ms = 0;
  const create = () => new RateLimit({ perSecond: 5, atOnce: 100 }, () => ms);

  it("lets a key do so much at once, and then so much a second", () => {
    const limit = create();
    const taken = () => Array.from({ length: 200 }, () => limit.take("a")).filter(Boolean).length;
    expect(taken()).to.equal(100);
    expect(limit.take("b")).to.equal(true);
    ms += 2_000;
    expect(taken()).to.equal(10);
  });

  it("has a key make up for what it has done too much, and for no more than that takes once", () => {
    const limit = create();
    for (let n = 0; n < 160; n++) limit.charge("a");
    ms += 12_000;
    expect(limit.has("a"), "the last of 60").to.equal(false);
    ms += 200;
    expect(limit.has("a")).to.equal(true);
    for (let n = 0; n < 10_000; n++) limit.charge("a");
    ms += 20_200;
    expect(limit.has("a"), "after the longest wait").to.equal(true);
  });
});
