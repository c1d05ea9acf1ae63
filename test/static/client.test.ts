import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { parse } from "acorn";
import { expect } from "chai";
import { buildClient, SOURCES } from "../../client/build.mjs";

const client = readFileSync(new URL("../../static/foreverframe.js", import.meta.url), "utf8");

/** Of the client as it is served, compressed. */
const MAX_BYTES = 7_100;

describe("static/foreverframe.js", function () {
  this.timeout(60_000); // it is made anew
  it("is what npm run build:client makes of client/", () => {
    expect(client).to.equal(buildClient());
  });

  it(`has at most ${MAX_BYTES} bytes, compressed`, () => {
    expect(gzipSync(client, { level: 9 }).length).to.be.at.most(MAX_BYTES);
  });

  it("is made of scripts that are ECMAScript 3 each", () => {
    for (const path of SOURCES) {
      const text = readFileSync(path, "utf8");
      parse(text, { ecmaVersion: 3, allowReserved: "never", sourceType: "script" });
    }
  });
});
