import { expect } from "chai";
import fc from "fast-check";
import { formatParsedJson, MAX_DATA_DEPTH, parseJsonText } from "../../src/core/json.ts";

/**
 * What must never stand in a script: the ends and starts of things, and line ends of old
 * JavaScript.
 */
const DANGEROUS = /[<>&\u2028\u2029]/;

const hasProto = (text: string) => /__proto__/.test(text);

describe("parseJsonText", () => {
  it("keeps any JSON value equal, also as a script would read it, and lets nothing dangerous through", () => {
    fc.assert(
      fc.property(
        fc.json({ stringUnit: "binary", maxDepth: 5 }),
        fc.constantFrom(0, 2),
        (json, indent) => {
          fc.pre(!hasProto(json));
          const spaced = JSON.stringify(JSON.parse(json), null, indent);
          const stored = parseJsonText(spaced, "It");
          expect(JSON.parse(stored)).to.deep.equal(JSON.parse(spaced));
          expect(new Function(`return ${stored}`)()).to.deep.equal(JSON.parse(spaced));
          expect(stored).to.not.match(DANGEROUS);
          expect(stored).to.not.match(/[\r\n]/);
        },
      ),
    );
  });

  it("takes a string of millions of escapes, and the space around it", () => {
    const text = `[ "${"\\n".repeat(5_000_000)}" , " a\\" b " ]`;
    expect(parseJsonText(text, "It")).to.equal(
      text.replaceAll(/^(.) (".*") , (".*") (.)$/gs, "$1$2,$3$4"),
    );
  });

  it("escapes each dangerous character of a long text", () => {
    const value = "<a>&\u2028\u{1f6aa}\u2029".repeat(10_000);
    const taken = parseJsonText(JSON.stringify(value), "It");
    expect(DANGEROUS.test(taken)).to.equal(false);
    expect(JSON.parse(taken)).to.equal(value);
  });

  for (const text of [
    "-0",
    "1e999",
    "-1e999",
    "1E-400",
    "12345678901234567890",
    "[-0,1e999]",
    '"\\ud800"',
    '"\\u0000"',
  ]) {
    it(`keeps ${text} equal to what JSON.parse makes of it`, () => {
      expect(JSON.parse(parseJsonText(text, "It"))).to.deep.equal(JSON.parse(text));
      expect(JSON.parse(formatParsedJson(JSON.parse(text)))).to.deep.equal(JSON.parse(text));
      expect(
        Object.is(JSON.parse(parseJsonText(text, "It")), JSON.parse(text)) || text.startsWith("["),
      ).to.equal(true);
    });
  }

  for (const text of [
    '{"__proto__":1}',
    '[{"a":{"__proto__":null}}]',
    '{"\\u005f_proto__":1}',
    '{"__\\u0070roto__":1}',
  ]) {
    it(`refuses ${text}`, () => {
      expect(() => parseJsonText(text, "It")).to.throw(/It has a member named "__proto__"/);
    });
  }

  it('takes "__proto__" as a value', () => {
    expect(parseJsonText('["__proto__"]', "It")).to.equal('["__proto__"]');
  });

  it("takes the deepest nesting that is allowed, and refuses one level more", () => {
    const nest = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(parseJsonText(nest(MAX_DATA_DEPTH), "It")).to.equal(nest(MAX_DATA_DEPTH));
    expect(() => parseJsonText(nest(MAX_DATA_DEPTH + 1), "It")).to.throw(/deeper than 100 levels/);
    expect(() => parseJsonText(nest(30_000), "It")).to.throw(/deeper than 100 levels/);
    expect(parseJsonText(`"${"[".repeat(500)}\\"["`, "It")).to.have.length.above(500);
  });
});
