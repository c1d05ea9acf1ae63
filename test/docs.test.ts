import { readFileSync } from "node:fs";
import { expect } from "chai";
import { ERRORS } from "../src/errors.ts";
import {
  flagOf,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  variableOf,
} from "../src/settings/config.ts";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

describe("the documents", () => {
  it("have one heading in docs/errors.md for each code, with its status, and no others", () => {
    const text = read("docs/errors.md");
    const headings = Array.from(text.matchAll(/^## (FF_\w+)\n\nStatus (\d+), reconnect (\w+)\./gm));
    const documented = headings.map(
      ([, code, status, reconnect]) => `${code} ${status} ${reconnect}`,
    );
    const codes = Object.entries(ERRORS).map(
      ([code, { status, reconnect }]) => `${code} ${status} ${reconnect}`,
    );
    expect(documented).to.deep.equal(codes);
  });

  it("have one row in docs/configuration.md for each setting, with its default, range and meaning, and no others", () => {
    const rows = read("docs/configuration.md")
      .split("\n")
      .filter((line) => line.startsWith("| `--"));
    const wanted = SETTING_NAMES.map((name) => {
      const setting: Setting = SETTINGS[name];
      const { kind, default: initial, help } = setting;
      const value =
        kind === "switch" ? "off" : kind === "list" || initial === "" ? "none" : `\`${initial}\``;
      const range = setting.kind === "number" ? `${setting.min} to ${setting.max}` : "";
      const cells = [`\`${flagOf(name)}\``, `\`${variableOf(name)}\``, value, range, help];
      return `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
    });
    expect(rows).to.deep.equal(wanted);
  });
});
