import { expect } from "chai";
import fc from "fast-check";
import { LineBuffer } from "../../src/http/publish-connection/line-buffer.ts";

describe("LineBuffer", () => {
  it("gives back what was put in, in whole lines, however it was split", () => {
    const piece = fc.stringMatching(/^[ab\n]{0,12}$/);
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 1, max: 20 }), (pieces, maxBytes) => {
        const lines = new LineBuffer();
        const taken: string[] = [];
        for (const text of pieces) {
          lines.push(Buffer.from(text));
          for (let some = lines.take(maxBytes); some !== null; some = lines.take(maxBytes)) {
            expect(some.at(-1)).to.equal(0x0a);
            // More than it may be only where one line is.
            if (some.length > maxBytes) expect(some.indexOf(0x0a)).to.equal(some.length - 1);
            taken.push(String(some));
          }
          expect(lines.hasWhole).to.equal(false);
        }
        const all = pieces.join("");
        const whole = all.slice(0, all.lastIndexOf("\n") + 1);
        expect(taken.join("")).to.equal(whole);
        expect(lines.length).to.equal(all.length - whole.length);
        expect(String(lines.takeRest())).to.equal(all.slice(whole.length));
        expect(lines.length).to.equal(0);
      }),
    );
  });

  it("keeps little more than what waits for its end, whatever it came with", () => {
    const lines = new LineBuffer();
    lines.push(Buffer.alloc(1_000, "x"));
    lines.push(Buffer.concat([Buffer.alloc(64_000, "x"), Buffer.from("\n{")]));
    expect(lines.take(16_384)).to.have.lengthOf(65_001);
    expect(lines.take(16_384)).to.equal(null);
    expect(lines.takeRest().buffer.byteLength).to.equal(1);
    lines.push(Buffer.alloc(65_536, "\n").fill("{", 65_535));
    expect(lines.take(65_536)).to.have.lengthOf(65_535);
    expect(lines.take(65_536)).to.equal(null);
    lines.push(Buffer.from("}"));
    expect(String(lines.takeRest())).to.equal("{}");
  });

  it("takes a long line in chunks of one byte without copying it for each", () => {
    const lines = new LineBuffer();
    const began = performance.now();
    for (let n = 0; n < 1_000_000; n++) lines.push(Buffer.from("x"));
    lines.push(Buffer.from("\n"));
    expect(lines.take(1)).to.have.lengthOf(1_000_001);
    expect(performance.now() - began).to.be.below(3_000);
  });
});
