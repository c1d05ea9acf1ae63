import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Stream } from "../../src/core/stream.ts";
import { Encoding } from "../../src/core/transport.ts";
import { type View, Views } from "../../src/core/view.ts";
import { chunkedFraming } from "../../src/http/connection/framing.ts";
import { ndjsonTransport } from "../../src/transports/ndjson.ts";

const encoding = Encoding.of(ndjsonTransport, chunkedFraming);
const NOBODY = {} as Stream;
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
          const views = new Views();
          const joined = opened.map((text) => views.join(parseSelectors(text), encoding));
          const streams = new Map<View, number>();
          for (const view of joined) streams.set(view, (streams.get(view) ?? 0) + 1);
          joined.forEach((view, i) => {
            if (!left[i]) return;
            views.leave(view, NOBODY);
            streams.set(view, (streams.get(view) ?? 0) - 1);
          });
          const expected = new Map<View, readonly string[]>();
          for (const [view, count] of streams) {
            const wanted = published.filter((channel) => view.selectors.matches(channel));
            if (count > 0 && wanted.length > 0) expected.set(view, wanted);
          }
          const found = new Map<View, string[]>();
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
});
