import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import { PatternIndex } from "../../src/core/pattern-index.ts";

const segment = fc.constantFrom("a", "b", "*x", "*", "a*");
const selector = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([segments, isDeep]) => [...segments, ...(isDeep ? ["**"] : [])].join("."));
const channel = fc
  .array(fc.constantFrom("a", "b", "*x", "a*", "c"), { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join("."));

/** As docs/protocol.md says it, in other words than the code. */
function expected(pattern: string, name: string): boolean {
  const escaped = pattern.split(".").map((part) => {
    if (part === "*") return "[^.]+";
    return part === "**" ? ".+" : part.replaceAll("*", "\\*");
  });
  return new RegExp(`^${escaped.join("\\.")}$`).test(name);
}

describe("selectors", () => {
  it("match a channel as the contract says, by themselves and in the index", () => {
    fc.assert(
      fc.property(
        fc.array(selector, { minLength: 1, maxLength: 8 }),
        channel,
        (selectors, name) => {
          const index = new PatternIndex<string>();
          for (const text of selectors) {
            index.reserve(text);
            index.add(text, text);
          }
          const found = new Set<string>();
          index.find(name, found);
          const wanted = selectors.filter((text) => expected(text, name));
          expect([...found]).to.have.members([...new Set(wanted)]);
          for (const text of selectors)
            expect(parseSelectors(text).matches(name), text).to.equal(expected(text, name));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("leave nothing in the index when they are taken away", () => {
    fc.assert(
      fc.property(fc.uniqueArray(selector, { maxLength: 12 }), channel, (selectors, name) => {
        const index = new PatternIndex<string>();
        for (const text of selectors) {
          index.reserve(text);
          index.add(text, text);
        }
        for (const text of selectors) {
          index.remove(text, text);
          index.release(text);
        }
        const found = new Set<string>();
        index.find(name, found);
        expect([...found]).to.deep.equal([]);
        expect(index.nodes).to.equal(0);
      }),
    );
  });
});
