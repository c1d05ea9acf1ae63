import { expect } from "chai";
import { ForeverframeError } from "../../src/errors.ts";
import { LogHealth } from "../../src/logs/log-health.ts";

describe("LogHealth", () => {
  const full = new ForeverframeError("FF_LOG_FULL", "full");
  const broken = new ForeverframeError("FF_LOG_UNAVAILABLE", "broken");
  let now: number;
  let told: (string | null)[];
  let health: LogHealth;

  beforeEach(() => {
    now = 0;
    told = [];
    health = new LogHealth({
      monotonicMs: () => now,
      onTrouble: (trouble) => told.push(trouble?.code ?? null),
    });
  });

  it("tells once of trouble that begins, and once of its end, 5 s after the last failure", () => {
    for (let n = 0; n < 100; n++) {
      now += 1_000;
      health.failed(n % 2 ? full : broken);
      now += 3_999;
      health.succeeded();
      expect(health.trouble).to.not.equal(null);
    }
    expect(told).to.deep.equal(["FF_LOG_UNAVAILABLE"]);
    now += 1_001;
    health.succeeded();
    expect(health.trouble).to.equal(null);
    expect(told).to.deep.equal(["FF_LOG_UNAVAILABLE", null]);
  });

  it("lets nothing be tried on a full disk until something was stored", () => {
    health.failed(broken);
    expect(health.shut).to.equal(null);
    health.failed(full);
    expect(health.shut).to.equal(full);
    health.succeeded();
    expect(health.shut).to.equal(null);
    expect(health.trouble, "for 5 s more").to.equal(full);
  });
});
