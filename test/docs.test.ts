import { readFileSync } from "node:fs";
import { expect } from "chai";
import { ERRORS } from "../src/errors.ts";
import {
  flagOf,
  SERVER_SETTINGS,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
  variableOf,
} from "../src/settings/settings.ts";

/** Settings that src/options.ts does not have, or explains in words of its own. */
const OF_THE_COMMAND_LINE: readonly SettingName[] = [...SERVER_SETTINGS, "open"];

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

  it("have each setting in src/options.ts, with its meaning, range and default", () => {
    const members = read("src/options.ts").matchAll(
      /\/\*\* ?((?:(?!\*\/).)*)\*\/\s+readonly (\w+)\?/gs,
    );
    const documented = Array.from(members, ([, text = "", name]) => [
      name,
      text.replaceAll(/\s+(?:\* )?/g, " ").trim(),
    ]);
    const wanted = SETTING_NAMES.filter((name) => !OF_THE_COMMAND_LINE.includes(name)).map(
      (name) => [name, meaningOf(SETTINGS[name])],
    );
    const own = ["authorize", "logger", "open"];
    expect(documented.slice(0, own.length).map(([name]) => name)).to.deep.equal(own);
    expect(documented.slice(own.length)).to.deep.equal(wanted);
  });
});

/** How src/options.ts explains a setting. */
function meaningOf(setting: Setting): string {
  const { kind, default: initial, help } = setting;
  const meaning = `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
  if (setting.kind === "number") {
    const [min, max, value] = [setting.min, setting.max, setting.default].map(inThousands);
    return `${meaning} From ${min} to ${max}; by default ${value}.`;
  }
  const value =
    kind === "switch" ? "off" : kind === "list" || initial === "" ? "none" : `\`"${initial}"\``;
  return `${meaning} By default ${value}.`;
}

function inThousands(number: number): string {
  return number.toLocaleString("en-US");
}
