import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createProgram } from "../../src/commands/program.ts";
import { runCommand } from "../support/run-command.ts";
import { CliProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { within } from "../support/within.ts";

describe("foreverframe completion", function () {
  this.timeout(30_000);
  const program = createProgram("1.2.3");

  after(removeTemporaryDirectories);

  const scriptFor = async (shell: string) => {
    const outcome = new CliProcess(["completion", shell]).outcome;
    const { code, stdout } = await within(10_000, outcome, shell);
    expect(code).to.equal(0);
    return stdout;
  };

  describe("bash", () => {
    let script: string;
    let directory: string;

    before(async () => {
      directory = createTemporaryDirectory();
      script = join(directory, "completion.bash");
      writeFileSync(script, await scriptFor("bash"));
      writeFileSync(join(directory, "a-file"), "");
    });

    /** What bash offers behind these words, the last of which is begun. */
    const complete = async (...words: string[]) => {
      // compopt works in a real completion only.
      const program = `source ${script}; compopt() { echo "<files>"; }
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _foreverframe
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const args = ["--norc", "-c", program, "bash", "foreverframe", ...words];
      const { stdout } = await runCommand("bash", args, directory);
      return stdout.split("\n").filter((line) => line !== "");
    };

    it("offers every command, and those that begin as what is there", async () => {
      const names = program.commands.map((command) => command.name());
      expect(await complete("")).to.include.members([...names, "help", "--version"]);
      expect(await complete("ch")).to.deep.equal(["channels"]);
      expect(await complete("help", "expl")).to.deep.equal(["explain"]);
    });

    it("offers every option of each command", async () => {
      for (const command of program.commands) {
        const longs = command.options.map(({ long }) => long);
        expect(await complete(command.name(), "--"), command.name()).to.include.members(longs);
      }
    });

    it("offers the values of an option or an argument that has some, and files where one is named", async () => {
      expect(await complete("streams", "--sort", "")).to.deep.equal([
        "handle",
        "lag",
        "bytes",
        "age",
        "messages",
      ]);
      expect(await complete("completion", "z")).to.deep.equal(["zsh"]);
      expect(await complete("tail", "--token-file", "")).to.deep.equal(["<files>"]);
      expect(await complete("tail", "--last", "")).to.deep.equal([]);
    });

    it("is loaded by the line that the help gives", async () => {
      const cli = new URL("../../dist/cli.js", import.meta.url).pathname;
      const line = `foreverframe() { ${process.execPath} ${cli} "$@"; }
        source <(foreverframe completion bash); complete -p foreverframe`;
      const { stdout } = await runCommand("bash", ["--norc", "-c", line], directory);
      expect(stdout).to.equal("complete -F _foreverframe foreverframe\n");
    });
  });

  for (const shell of ["zsh", "fish"]) {
    it(`has every command and option for ${shell}`, async () => {
      const script = await scriptFor(shell);
      for (const command of program.commands) {
        expect(script).to.contain(command.name());
        for (const { long } of command.options)
          expect(script).to.contain(shell === "fish" ? `-l ${long?.slice(2)}` : `*${long}[`);
      }
    });
  }

  it("refuses another shell", async () => {
    const outcome = new CliProcess(["completion", "csh"]).outcome;
    const { code, stderr } = await within(10_000, outcome, "csh");
    expect(code).to.equal(64);
    expect(stderr).to.match(/Allowed choices are bash, zsh, fish/);
  });
});
