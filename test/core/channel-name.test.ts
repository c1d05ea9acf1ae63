import { expect } from "chai";
import fc from "fast-check";
import { parseChannelName, parseSelectors } from "../../src/core/channel-name.ts";

describe("parseSelectors", () => {
  for (const [selector, matching, others] of [
    ["doors", ["doors"], ["doors.north", "door"]],
    ["doors.*", ["doors.north", "doors.*x"], ["doors", "doors.north.1"]],
    ["*", ["doors"], ["doors.north"]],
    ["*.north", ["doors.north"], ["doors.south", "north"]],
    ["doors.**", ["doors.north", "doors.north.1"], ["doors", "windows.north"]],
    ["**", ["doors", "doors.north.1"], []],
    ["*.**", ["doors.north", "doors.north.1"], ["doors"]],
  ] as const) {
    it(`matches ${selector} with ${matching.join(", ")}${others.length > 0 ? ` and not with ${others.join(", ")}` : ""}`, () => {
      const set = parseSelectors(selector);
      for (const channel of matching) expect(set.matches(channel), channel).to.equal(true);
      for (const channel of others) expect(set.matches(channel), channel).to.equal(false);
    });
  }

  it("gives equal keys to the same selectors in another order, or twice", () => {
    expect(parseSelectors("b,a,b").key).to.equal(parseSelectors("a,b").key);
  });

  it("takes every valid channel name as a selector that matches it", () => {
    const segment = fc.string({ unit: "binary", minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const name = segments.join(".");
        let valid = true;
        try {
          parseChannelName(name);
        } catch {
          valid = false;
        }
        fc.pre(valid);
        expect(parseSelectors(name).matches(name)).to.equal(true);
      }),
    );
  });
});
