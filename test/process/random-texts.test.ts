import { expect } from "chai";
import { RandomTexts } from "../../src/process/random-texts.ts";

describe("RandomTexts", () => {
  it("gives texts of the length asked for, and none twice, over many blocks", () => {
    const random = new RandomTexts();
    const seen = new Set<string>();
    for (let i = 0; i < 2_000; i++) {
      const text = random.text(i % 2 === 0 ? 16 : 24);
      expect(text).to.match(i % 2 === 0 ? /^[\w-]{22}$/ : /^[\w-]{32}$/);
      seen.add(text);
    }
    expect(seen.size).to.equal(2_000);
  });

  it("fills a block to its end", () => {
    const random = new RandomTexts();
    expect(random.text(4_096)).to.have.lengthOf(5_462);
    expect(random.text(1)).to.have.lengthOf(2);
  });
});
