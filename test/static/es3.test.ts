import { readdirSync, readFileSync } from "node:fs";
import { parse } from "acorn";
import { expect } from "chai";

const STATIC = new URL("../../static/", import.meta.url);

describe("the pages' scripts", () => {
  for (const name of readdirSync(STATIC).filter((file) => file.endsWith(".js"))) {
    it(`${name} is ECMAScript 3, without reserved words as names`, () => {
      const text = readFileSync(new URL(name, STATIC), "utf8");
      // Without allowReserved it would take `a.default`, which engines of that time do not.
      const program = parse(text, { ecmaVersion: 3, allowReserved: "never", sourceType: "script" });
      expect(program.body.length).to.be.above(0);
    });
  }
});
