import { expect } from "chai";
import fc from "fast-check";
import {
  epochOf,
  formatCursor,
  formatEpoch,
  ORIGIN,
  parseCursor,
  positionOf,
  timeOfPosition,
} from "../../src/core/cursor.ts";
import { ForeverframeError } from "../../src/errors.ts";
import { PositionClock, positionsFrom } from "../../src/logs/position-clock.ts";

describe("PositionClock", () => {
  it("gives rising positions however the wall clock jumps", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5_000, max: 5_000 }), { maxLength: 200 }),
        (jumps) => {
          let now = 1_795_304_019_000;
          const clock = new PositionClock(() => now);
          let last = ORIGIN;
          for (const jump of jumps) {
            now += jump;
            const next = clock.next();
            expect(next > last, `${next} after ${last}`).to.equal(true);
            last = next;
          }
        },
      ),
    );
  });

  it("goes on in the next millisecond when one has no number left", () => {
    const clock = new PositionClock(() => 5);
    clock.advanceTo(`${"5".padStart(9, "0")}zzzz`);
    expect(clock.next()).to.equal(`${"6".padStart(9, "0")}0000`);
  });

  it("takes positions that follow from the first, also over the end of a millisecond", () => {
    const clock = new PositionClock(() => 5);
    clock.advanceTo(`${"5".padStart(9, "0")}zzzw`);
    const taken = clock.take(6);
    expect(taken[2]).to.equal(`${"5".padStart(9, "0")}zzzz`);
    expect(taken[3]).to.equal(`${"6".padStart(9, "0")}0000`);
    expect(positionsFrom(taken[0] ?? "", 6)).to.deep.equal(taken);
    expect(positionsFrom(taken[0] ?? "", 1)).to.deep.equal(taken.slice(0, 1));
  });

  it("never gives what another process has used", () => {
    const clock = new PositionClock(() => 5);
    clock.next();
    clock.advanceTo(`${"9".padStart(9, "0")}0007`);
    expect(clock.next()).to.equal(`${"9".padStart(9, "0")}0008`);
  });

  it("has the milliseconds of its time in the position", () => {
    const now = Date.now();
    expect(timeOfPosition(new PositionClock(() => now).next())).to.equal(now);
  });
});

describe("parseCursor", () => {
  it("takes what formatCursor makes of any epoch", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 5 }), (random) => {
        const epoch = formatEpoch(random);
        const cursor = formatCursor(epoch, ORIGIN);
        expect(parseCursor(cursor)).to.equal(cursor);
        expect([epochOf(cursor), positionOf(cursor)]).to.deep.equal([epoch, ORIGIN]);
        expect(cursor).to.match(/^[A-Za-z0-9._-]{1,64}$/);
      }),
    );
  });

  for (const text of [
    "",
    "x",
    "abcd",
    `abcd.${"0".repeat(12)}`,
    `ABCD.${ORIGIN}`,
    `abcd.${ORIGIN} `,
  ]) {
    it(`refuses "${text}"`, () => {
      expect(() => parseCursor(text))
        .to.throw(ForeverframeError)
        .with.property("code", "FF_CURSOR_INVALID");
    });
  }
});
