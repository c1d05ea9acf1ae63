import { parse } from "acorn";
import { expect } from "chai";
import fc from "fast-check";
import { parseChannelName, parseSelectors, selectorFault } from "../../src/core/channel-name.ts";
import { isClientName, MAX_CLIENT_BYTES } from "../../src/core/client-name.ts";
import { covers } from "../../src/core/covers.ts";
import {
  epochOf,
  formatCursor,
  isCursor,
  parseCursor,
  positionOf,
  timeOfPosition,
} from "../../src/core/cursor.ts";
import { isCallback, parseCallback, parseFrameCallback } from "../../src/transports/frame.ts";
import { cursorOfLastEventId } from "../../src/transports/sse.ts";
import { hostileText, nearly, oddText, selectorText } from "./arbitraries.ts";
import { attempt, type Runs } from "./attempt.ts";

/** More than a request can carry of anything. */
const MAX_LENGTH = 350_000;

const callbackText = nearly(
  fc
    .array(
      fc.constantFrom(
        ..."parent foreverframe push heard $ _1 top alert this new if class delete null let".split(
          " ",
        ),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((names) => names.join(".")),
);

/** The names in a call, in a language that the oldest browsers know too; null if it is not one. */
function calledNames(script: string): readonly string[] | null {
  const { body } = parse(script, { ecmaVersion: 5, allowReserved: "never" });
  const [statement] = body;
  if (body.length !== 1 || statement?.type !== "ExpressionStatement") return null;
  if (statement.expression.type !== "CallExpression") return null;
  const names: string[] = [];
  let callee = statement.expression.callee;
  while (callee.type === "MemberExpression") {
    if (callee.computed || callee.property.type !== "Identifier") return null;
    names.unshift(callee.property.name);
    if (callee.object.type === "Super") return null;
    callee = callee.object;
  }
  return callee.type === "Identifier" ? [callee.name, ...names] : null;
}

const manyNames = (count: number) => Array.from({ length: count }, (_, n) => `a${n}`);

/** What is held to names of every kind that come from outside. */
export function describeNames({ light, heavy }: Runs): void {
  describe("names from outside", () => {
    it("a channel that is taken is one name of 1 to 128 bytes, which a URL can carry", () => {
      fc.assert(
        fc.property(nearly(selectorText), (text) => {
          const taken = attempt(() => parseChannelName(text));
          if (taken === null) return;
          expect(taken.value).to.equal(text);
          expect(Buffer.byteLength(text)).to.be.within(1, 128);
          expect(text).to.not.match(/[\p{Cc}\p{Surrogate},/]/u);
          expect(decodeURIComponent(encodeURIComponent(text))).to.equal(text);
          expect(parseSelectors(text)).to.deep.include({ names: [text], patterns: [] });
        }),
        { numRuns: light, examples: [[`${"x".repeat(56)}${"\u{1f6aa}".repeat(40)}`]] },
      );
    });

    it("selectors that are taken are 64 at most, and their key means the same again", () => {
      const list = fc.oneof(
        { weight: 4, arbitrary: fc.array(nearly(selectorText)) },
        { weight: 1, arbitrary: fc.integer({ min: 63, max: 66 }).map(manyNames) },
      );
      fc.assert(
        fc.property(list, (selectors) => {
          const taken = attempt(() => parseSelectors(selectors.join(",")));
          if (taken === null) return;
          const { key, selectors: kept, names, patterns } = taken.value;
          expect(parseSelectors(key).key).to.equal(key);
          expect(kept.length).to.be.within(1, 64);
          expect([...names, ...patterns]).to.have.members([...kept]);
          for (const selector of kept) expect(selectorFault(selector)).to.equal(null);
          for (const name of names) expect(() => parseChannelName(name)).to.not.throw();
        }),
        { numRuns: light },
      );
    });

    it("what a selector covers, it matches", () => {
      fc.assert(
        fc.property(selectorText, selectorText, selectorText, (granted, asked, channel) => {
          fc.pre(selectorFault(granted) === null && selectorFault(asked) === null);
          fc.pre(attempt(() => parseChannelName(channel)) !== null);
          expect(covers(granted, granted)).to.equal(true);
          if (covers(granted, asked) && parseSelectors(asked).matches(channel))
            expect(parseSelectors(granted).matches(channel)).to.equal(true);
          expect(covers(granted, channel)).to.equal(parseSelectors(granted).matches(channel));
        }),
        { numRuns: light, maxSkipsPerRun: 1_000 },
      );
    });

    it("a callback that is taken is a call of the function that it names, and not of the browser's", () => {
      fc.assert(
        fc.property(callbackText, (text) => {
          attempt(() => parseFrameCallback(text));
          if (attempt(() => parseCallback(text)) === null) return;
          expect(calledNames(`/**/${text}({});`)).to.deep.equal(text.split("."));
          expect(text.split(".")).to.not.include("top");
        }),
        { numRuns: light, examples: [["while"], ["this.alert"], ["parent.new"]] },
      );
    });

    it("a cursor that is taken is its epoch and its position", () => {
      const cursor = nearly(fc.stringMatching(/^[a-z0-9]{4,12}\.[0-9a-z]{13}(?:\.end)?$/));
      fc.assert(
        fc.property(cursor, (text) => {
          if (attempt(() => parseCursor(text)) === null) return;
          expect(formatCursor(epochOf(text), positionOf(text))).to.equal(text);
          expect(timeOfPosition(positionOf(text))).to.be.within(0, 36 ** 9);
          expect(cursorOfLastEventId(text)).to.equal(text);
          expect(cursorOfLastEventId(`${text}.end`)).to.equal(null);
        }),
        { numRuns: light },
      );
    });

    it("a client that is taken has a name that can be shown on a line", () => {
      fc.assert(
        fc.property(nearly(oddText), (text) => {
          if (!isClientName(text)) return;
          expect(Buffer.byteLength(text)).to.be.within(1, MAX_CLIENT_BYTES);
          expect(text).to.not.match(/\p{Cc}/u);
        }),
        { numRuns: light },
      );
    });

    it("are looked at in no time, whatever they are", () => {
      const known = parseSelectors(`${"*.".repeat(60)}**,a.b`);
      fc.assert(
        fc.property(hostileText(MAX_LENGTH, ["a", "0", ".", "*", ",", " ", "_"]), (text) => {
          attempt(() => parseChannelName(text));
          attempt(() => parseSelectors(text));
          attempt(() => parseCallback(text));
          attempt(() => parseCursor(text));
          attempt(() => known.matches(text));
          attempt(() => covers(text, text));
          attempt(() => [isCallback(text), isClientName(text), isCursor(text)]);
        }),
        { numRuns: heavy, endOnFailure: true },
      );
    });
  });
}
