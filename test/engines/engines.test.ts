import { expect } from "chai";
import { describeEngines } from "../support/engines/engine-suite.ts";
import { ENGINES } from "../support/engines/engines.ts";
import { documentedRows } from "../support/engines/matrix.ts";
import { ENGINE_NEEDS } from "../support/engines/programs.mjs";
import { QUICK_ENGINES } from "../support/needs.mjs";

describeEngines(
  ENGINES.filter(({ id }) => QUICK_ENGINES.includes(id)),
  "quick",
);

describe("docs/browsers.md", () => {
  it("has one row for each engine that is measured, and no others", () => {
    const documented = documentedRows().map((row) => row.split(" | ")[0]);
    expect(documented).to.deep.equal(ENGINES.map(({ name }) => `| ${name}`));
  });

  it("knows what each engine needs", () => {
    expect(Object.keys(ENGINE_NEEDS)).to.have.members(ENGINES.map(({ id }) => id));
  });
});
