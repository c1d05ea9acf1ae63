import { readFileSync } from "node:fs";
import { expect } from "chai";
import { EXIT_CODES } from "../../src/commands/exit-codes.ts";
import { createProgram } from "../../src/commands/program.ts";
import { SETTING_GROUPS } from "../../src/settings/setting-groups.ts";
import { SETTING_NAMES } from "../../src/settings/settings.ts";

const program = createProgram("1.2.3");

/** The help of a command, with what is added behind it. */
function helpOf(name: string): string {
  let help = "";
  const command = program.commands.find((one) => one.name() === name);
  command
    ?.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    })
    .outputHelp();
  return help;
}

describe("the help", () => {
  it("has each setting in one group of serve, those to begin with first", () => {
    const names = SETTING_GROUPS.flatMap((group) => group.names);
    expect(names).to.have.members(SETTING_NAMES);
    expect(SETTING_GROUPS.map(({ heading }) => heading)).to.not.contain("Other settings");
    const help = helpOf("serve");
    expect(help.indexOf("To begin with:")).to.be.below(help.indexOf("--max-streams"));
    for (const { heading } of SETTING_GROUPS) expect(help).to.contain(`${heading}:\n  --`);
  });

  it("has examples for each command, which name only options that there are", () => {
    for (const command of program.commands) {
      const [, examples = ""] = helpOf(command.name()).split(/\nExamples?:\n/);
      expect(examples, command.name()).to.contain(`foreverframe ${command.name()}`);
      const options = examples.match(/(?<= )--[a-z][a-z-]*/g) ?? [];
      const known = program.commands.flatMap((one) => one.options.map(({ long }) => long));
      for (const option of options)
        expect(known, `${command.name()}: ${option}`).to.contain(option);
    }
  });

  it("has all exit codes, as docs/cli.md does", () => {
    const text = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
    const documented = Array.from(text.matchAll(/^\| `(\d+)` \|/gm), ([, code]) => code);
    expect(documented).to.deep.equal(["0", ...Object.keys(EXIT_CODES)]);
    const help = helpOf("serve");
    for (const [code, meaning] of Object.entries(EXIT_CODES))
      expect(help).to.contain(`  ${code.padEnd(3)} ${meaning}`);
  });

  it("has lines of at most 100 columns", () => {
    for (const command of program.commands)
      for (const line of helpOf(command.name()).split("\n"))
        expect(line.length, line).to.be.at.most(100);
  });

  it("has one section of docs/cli.md for each command, with each of its options, and no others", () => {
    const text = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
    const sections = text.split(/^## /m).filter((section) => /^`foreverframe \w+/.test(section));
    const documented = sections.map((section) => {
      const [, name = ""] = /^`foreverframe (\w+)/.exec(section) ?? [];
      const flags = Array.from(section.matchAll(/^\| `(--[a-z-]+)/gm), ([, flag]) => flag);
      return [name, ...flags];
    });
    const wanted = program.commands.map((command) => {
      const isServe = command.name() === "serve"; // docs/configuration.md has its flags
      return [command.name(), ...(isServe ? [] : command.options.map(({ long }) => long))];
    });
    expect(documented).to.deep.equal(wanted);
  });
});
