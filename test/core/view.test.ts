import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Stream } from "../../src/core/stream.ts";
import { Encoding } from "../../src/core/transport.ts";
import { type View, Views } from "../../src/core/view.ts";
import { chunkedFraming } from "../../src/http/connection/framing.ts";
import { ndjsonTransport } from "../../src/transports/ndjson.ts";

const encoding = Encoding.of(ndjsonTransport, chunkedFraming);
/** Stands for the streams of one place. */
const streamOf = () => ({}) as Stream;
const CHANNELS = ["a", "b", "a.x", "a.y", "b.x"];
const SELECTORS = ["a", "b", "a.x", "b.x", "a.*", "*.x", "**", "a,a.*", "*,a", "b.x,*.x,b"];

describe("Views", () => {
  it("give each view that is in use the channels that its selectors match, once each, and no view none", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...SELECTORS), { maxLength: 12 }),
        fc.array(fc.boolean(), { maxLength: 12 }),
        fc.subarray(CHANNELS),
        (opened, left, published) => {
          const views = new Views<Stream>();
          const joined = opened.map((text) => views.join(parseSelectors(text), encoding));
          const live = joined.map((view) => {
            const stream = streamOf();
            view.goLive(stream);
            return stream;
          });
          const streams = new Map<View<Stream>, number>();
          for (const view of joined) streams.set(view, (streams.get(view) ?? 0) + 1);
          joined.forEach((view, i) => {
            if (!left[i]) return;
            views.leave(view, live[i] ?? streamOf());
            streams.set(view, (streams.get(view) ?? 0) - 1);
          });
          const expected = new Map<View<Stream>, readonly string[]>();
          for (const [view, count] of streams) {
            const wanted = published.filter((channel) => view.selectors.matches(channel));
            if (count > 0 && wanted.length > 0) expected.set(view, wanted);
          }
          const found = new Map<View<Stream>, string[]>();
          for (const channel of published) {
            for (const view of [...views.naming(channel), ...views.matching(channel)])
              found.set(view, [...(found.get(view) ?? []), channel]);
          }
          expect([...found.keys()]).to.have.members([...expected.keys()]);
          for (const [view, wanted] of expected) expect(found.get(view)).to.deep.equal(wanted);
        },
      ),
    );
  });

  it("have no view found that has no live stream, such as polls that nobody waits on", () => {
    const views = new Views<Stream>();
    for (const text of ["a", "*", "a,b.*"]) {
      const view = views.join(parseSelectors(text), encoding);
      const [stream, other] = [streamOf(), streamOf()];
      const found = () => [...views.naming("a"), ...views.matching("a")];
      expect(found()).to.deep.equal([]);
      view.goLive(stream);
      view.goLive(other);
      view.leaveLive(stream);
      expect(found()).to.deep.equal([view]);
      view.leaveLive(other);
      view.leaveLive(other);
      expect(found()).to.deep.equal([]);
    }
  });

  it("find those of a channel in some ms, whatever the shapes of a great many patterns", () => {
    const views = new Views<Stream>();
    // 64 patterns of any `*` and `a` in 16 segments: a search would follow 2 of them at each
    // segment.
    const shape = (n: number, length: number) =>
      Array.from({ length }, (_, bit) => ((n >> bit) & 1 ? "*" : "a")).join(".");
    const selectorsOf = (n: number) =>
      parseSelectors(Array.from({ length: 64 }, (_, i) => `${shape(64 * n + i, 16)}.**`).join(","));
    let refused = 0;
    for (let n = 0; n < 1_000; n++) {
      const selectors = selectorsOf(n);
      try {
        views.checkRoom(selectors);
        views.join(selectors, encoding).goLive(streamOf());
      } catch {
        refused++;
      }
    }
    expect(refused).to.be.within(900, 999);
    const channel = shape(0, 20);
    const ms = Array.from({ length: 5 }, () => {
      const from = performance.now();
      expect([...views.matching(channel)]).not.to.have.lengthOf(0);
      return performance.now() - from;
    });
    expect(Math.min(...ms), "ms").to.be.below(20);
    // Others are not shut out by them.
    expect(() => views.checkRoom(parseSelectors("doors.*.north.**,*.alarm"))).not.to.throw();
    expect(() => views.checkRoom(selectorsOf(5_000))).to.throw("at most 8 segments");
  });
});
