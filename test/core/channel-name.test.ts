import { expect } from "chai";
import fc from "fast-check";
import { parseChannelName, parseSelectors } from "../../src/core/channel-name.ts";
import { covers } from "../../src/core/covers.ts";

describe("covers", () => {
  for (const [granted, covered, others] of [
    ["doors", ["doors"], ["doors.north", "*", "**", "door"]],
    ["doors.*", ["doors.north", "doors.*"], ["doors", "doors.**", "doors.*.*", "*.north", "**"]],
    ["*", ["doors", "*"], ["**", "doors.north"]],
    ["*.north", ["doors.north", "*.north"], ["*.*", "doors.*"]],
    [
      "doors.**",
      ["doors.north", "doors.*", "doors.**", "doors.*.**", "doors.a.b"],
      ["doors", "**"],
    ],
    ["**", ["doors", "*", "**", "*.**", "doors.**"], []],
    ["*.**", ["doors.north", "*.*", "doors.**", "*.**"], ["doors", "*", "**"]],
  ] as const) {
    it(`says that ${granted} covers ${covered.join(", ")}${others.length > 0 ? `, and not ${others.join(", ")}` : ""}`, () => {
      for (const asked of covered) expect(covers(granted, asked), asked).to.equal(true);
      for (const asked of others) expect(covers(granted, asked), asked).to.equal(false);
    });
  }

  /** Few letters, so that selectors often touch; some names are long enough to end a `**`. */
  const segments = (more: readonly string[]) =>
    fc.array(fc.constantFrom("a", "b", ...more), { minLength: 1, maxLength: 4 });
  const selector = fc
    .tuple(segments(["*"]), fc.boolean())
    .map(([parts, isOpen]) => [...parts, ...(isOpen ? ["**"] : [])].join("."));
  /** Every channel of the letters a, b and c with up to five segments. */
  const LETTERS = ["a", "b", "c"];
  const namesOf = (length: number): readonly string[] =>
    length === 1
      ? LETTERS
      : namesOf(length - 1).flatMap((rest) => LETTERS.map((first) => `${first}.${rest}`));
  const channels = [1, 2, 3, 4, 5].flatMap(namesOf);

  it("agrees with what the two selectors match", () => {
    const matching = (text: string) => {
      const set = parseSelectors(text);
      return channels.filter((channel) => set.matches(channel));
    };
    fc.assert(
      fc.property(selector, selector, (granted, asked) => {
        const allowed = new Set(matching(granted));
        expect(covers(granted, asked)).to.equal(
          matching(asked).every((channel) => allowed.has(channel)),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

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
