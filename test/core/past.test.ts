import { expect } from "chai";
import { Past } from "../../src/core/past.ts";
import type { Stream } from "../../src/core/stream.ts";
import type { Receipt } from "../../src/core/summaries.ts";

describe("what a process remembers of ended streams", () => {
  let now = 0;

  /** Each of them is open for 10 ms. */
  function pastOf(count: number, client: string): Past {
    const past = new Past(() => now);
    for (let handle = 1; handle <= count; handle++) {
      const openedUnixMs = 10 * handle;
      now = openedUnixMs + 10;
      const about = {
        selectors: { selectors: ["doors"], key: "doors" },
        start: "e.0",
        cursor: "e.0",
      };
      const view = { encoding: { transport: "frame" } };
      const stream = { handle, client, address: null, openedUnixMs, view, ...about };
      past.onClosed(stream as unknown as Stream, { reason: "gone" } as Receipt);
    }
    return past;
  }
  const handlesOf = (past: Past, around: number) =>
    past.endedOf("panel", around).map(({ handle }) => handle);

  it("is all of a client that has few", () => {
    expect(handlesOf(pastOf(500, "panel"), 0)).to.have.lengthOf(500);
    expect(handlesOf(pastOf(500, "other"), 0)).to.deep.equal([]);
  });

  it("is what was nearest to the message, of a client that has thousands", () => {
    const past = pastOf(10_000, "panel");
    const ofOld = handlesOf(past, 5);
    expect([ofOld.length, ofOld[0], ofOld.at(-1)]).to.deep.equal([500, 1, 500]);
    const ofMiddle = handlesOf(past, 50_005);
    expect(ofMiddle).to.have.lengthOf(500).and.to.include(5_000);
    expect(Math.min(...ofMiddle)).to.be.within(4_749, 4_752);
    expect(handlesOf(past, 1_000_000).at(-1)).to.equal(10_000);
  });
});
