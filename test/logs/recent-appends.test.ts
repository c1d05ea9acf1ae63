import { expect } from "chai";
import { EVERYTHING } from "../../src/core/channel-name.ts";
import { formatCursor } from "../../src/core/cursor.ts";
import type { ReadRequest } from "../../src/core/log.ts";
import { type AppendedStretch, RecentAppends } from "../../src/logs/recent-appends.ts";

const EPOCH = "abcd";
const at = (n: number) => String(n).padStart(13, "0");
const cursor = (n: number) => formatCursor(EPOCH, at(n));

/** Messages after one position, up to another one. */
function stretch(after: number, upTo: number, character = "x", length = 10): AppendedStretch {
  const messages = Array.from({ length: upTo - after }, (_, i) => {
    const position = at(after + 1 + i);
    const json = character.repeat(length);
    return { position, id: formatCursor(EPOCH, position), channel: "a", json };
  });
  return { after: at(after), upTo: at(upTo), messages, characters: messages.length * length };
}

describe("what was just appended", () => {
  const marks =
    (tip: number, removed = 0) =>
    () => ({
      epoch: EPOCH,
      tip: at(tip),
      nextNumber: 1,
      forgottenTo: at(0),
      trimmedTo: at(removed),
    });
  const request = (after: number, rest: Partial<ReadRequest> = {}): ReadRequest => ({
    selectors: EVERYTHING,
    after: cursor(after),
    upTo: null,
    maxMessages: 1_000,
    maxBytes: 1_000_000,
    ...rest,
  });

  it("is read onward from any place in it, in pieces", () => {
    const recent = new RecentAppends(EPOCH);
    recent.add(stretch(10, 13));
    recent.add(stretch(13, 15));
    const first = recent.read(request(11, { maxMessages: 3 }), marks(15));
    expect(first?.messages.map(({ id }) => id)).to.deep.equal([cursor(12), cursor(13), cursor(14)]);
    expect(first).to.include({ cursor: cursor(14), atEnd: false });
    const last = recent.read(request(14), marks(15));
    expect(last?.messages.map(({ id }) => id)).to.deep.equal([cursor(15)]);
    expect(last).to.include({ cursor: cursor(15), atEnd: true });
  });

  it("has a cursor at its end where nothing in it is wanted", () => {
    const recent = new RecentAppends(EPOCH);
    recent.add(stretch(10, 13));
    const selectors = { ...EVERYTHING, matches: () => false };
    const batch = recent.read(request(10, { selectors }), marks(13));
    expect(batch).to.deep.equal({
      messages: [],
      cursor: cursor(13),
      atEnd: true,
      gaps: [],
      passed: null,
    });
  });

  for (const [what, read] of [
    ["another process has appended afterwards", (r) => r.read(request(10), marks(14))],
    ["some of it may have been removed", (r) => r.read(request(10), marks(13, 11))],
    ["it begins after what is asked for", (r) => r.read(request(9), marks(13))],
    ["nothing follows", (r) => r.read(request(13), marks(13))],
    ["an end is given", (r) => r.read(request(10, { upTo: cursor(12) }), marks(13))],
  ] as const satisfies readonly (readonly [string, (recent: RecentAppends) => unknown])[]) {
    it(`leaves the read to the log where ${what}`, () => {
      const recent = new RecentAppends(EPOCH);
      recent.add(stretch(10, 13));
      expect(read(recent)).to.equal(null);
    });
  }

  it("begins anew where another process has appended in between", () => {
    const recent = new RecentAppends(EPOCH);
    recent.add(stretch(10, 13));
    recent.add(stretch(14, 15));
    expect(recent.read(request(10), marks(15))).to.equal(null);
    expect(recent.read(request(14), marks(15))?.messages).to.have.lengthOf(1);
  });

  it("is not changed by an append that stored nothing", () => {
    const recent = new RecentAppends(EPOCH);
    recent.add(stretch(10, 13));
    recent.add({ after: at(14), upTo: at(14), messages: [], characters: 0 });
    expect(recent.read(request(10), marks(13))?.messages).to.have.lengthOf(3);
  });

  it("forgets its beginning where there is much, and all of one append that is too large", () => {
    const recent = new RecentAppends(EPOCH);
    for (let n = 0; n < 10_000; n += 1_000) recent.add(stretch(n, n + 1_000));
    expect(recent.read(request(4_999), marks(10_000))).to.equal(null);
    expect(recent.read(request(5_000), marks(10_000))).to.not.equal(null);
    recent.add(stretch(10_000, 10_001, "y", 2_000_000));
    expect(recent.read(request(10_000), marks(10_001))).to.equal(null);
  });
});
