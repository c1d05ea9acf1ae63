import { readFileSync } from "node:fs";
import { expect } from "chai";
import { describeEngines } from "../support/engines/engine-suite.ts";
import { ENGINES } from "../support/engines/engines.ts";
import { documentedRows } from "../support/engines/matrix.ts";
import { ENGINE_NEEDS } from "../support/engines/programs.mjs";
import { FIRST_ENGINES } from "../support/needs.mjs";

describeEngines(
  ENGINES.filter(({ id }) => FIRST_ENGINES.includes(id)),
  "quick",
);

describe("docs/browsers.md", () => {
  it("has one row for each engine that is measured, and no others", () => {
    const documented = documentedRows().map((row) => row.split(" | ")[0]);
    expect(documented).to.deep.equal(ENGINES.map(({ name }) => `| ${name}`));
  });

  it("has the name of each engine that --engine takes", () => {
    const text = readFileSync(new URL("../../docs/browsers.md", import.meta.url), "utf8");
    const [, list = ""] = /^The names are (.*?)\. /ms.exec(text) ?? [];
    const names = Array.from(list.matchAll(/`(\w+)`/g), ([, name]) => name);
    expect(names).to.deep.equal(ENGINES.map(({ id }) => id));
    expect(names).to.have.members(Object.keys(ENGINE_NEEDS));
  });
});
