import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

const found = (text: string, pattern: RegExp) =>
  Array.from(text.matchAll(pattern), ([, name = ""]) => name);

/** The names in the first cells of a table's rows, in the section of a heading. */
function namesOfRows(text: string, heading: string): string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const cells = found(section, /^\| (`.+?`(?:, `.+?`)*) \|/gm);
  return cells.flatMap((cell) => found(cell, /`(.+?)`/g));
}

describe("docs/operating.md", () => {
  const text = read("docs/operating.md");

  it("has one heading for each alert of deploy/alerts.yml, with three commands or looks, and no others", () => {
    const alerts = found(read("deploy/alerts.yml"), /- alert: (\w+)/g);
    expect(found(text, /^### (Foreverframe\w+)$/gm)).to.deep.equal(alerts);
    for (const part of text.split(/^### /m).filter((each) => each.startsWith("Foreverframe")))
      expect(part.match(/^[123]\. /gm), part.slice(0, 40)).to.deep.equal(["1. ", "2. ", "3. "]);
  });

  it("has one row for each code of an alarm, and no others", () => {
    const [union = ""] = read("src/core/alarms.ts").match(/type AlarmCode =[^;]+;/) ?? [];
    expect(namesOfRows(text, "Alarms")).to.deep.equal(found(union, /\| "([\w-]+)"/g));
  });

  it("says of each metric of docs/metrics.md what it means, and of no others", () => {
    const metrics = found(read("docs/metrics.md"), /^\| `(\w+)`/gm);
    expect(namesOfRows(text, "Metrics")).to.have.members(metrics);
  });

  it("names log lines that the server writes", () => {
    const files = readdirSync(new URL("../src", import.meta.url), { recursive: true });
    const source = files
      .map(String)
      .filter((name) => name.endsWith(".ts"))
      .map((name) => read(`src/${name}`))
      .join("\n");
    const lines = namesOfRows(text, "Log lines");
    expect(lines.length).to.be.above(10);
    for (const line of lines) expect(source).to.contain(`"${line}"`);
  });

  it("leads only to headings and settings that are there", () => {
    const headings = found(text, /^##+ (.+)$/gm).map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    for (const anchor of found(text, /\]\(#([\w-]+)\)/g)) expect(headings).to.include(anchor);
    const settings = read("docs/configuration.md") + read("docs/cli.md");
    for (const flag of new Set(found(text, /`(--[a-z-]+)/g)))
      expect(settings).to.contain(`\`${flag}\``);
  });
});
