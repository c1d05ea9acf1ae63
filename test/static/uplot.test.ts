import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect } from "chai";

const UPLOT = dirname(createRequire(import.meta.url).resolve("uplot"));

describe("the charts' library in static/admin", () => {
  for (const [ours, theirs] of [
    ["uplot.js", "uPlot.iife.min.js"],
    ["uplot.css", "uPlot.min.css"],
  ] as const) {
    it(`${ours} is the file of the installed package, byte by byte`, () => {
      const copy = readFileSync(new URL(`../../static/admin/${ours}`, import.meta.url));
      expect(copy.equals(readFileSync(join(UPLOT, theirs)))).to.equal(true);
    });
  }
});
