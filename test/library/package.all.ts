import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { createProject, DOWNLOAD_MS, PROJECT, packProject } from "../support/npm-project.ts";
import { runCommand } from "../support/run-command.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";

const PROGRAM = fileURLToPath(new URL("consumer/program.ts", import.meta.url));

/** The oldest that package.json allows, and the other versions that are still maintained. */
const NODE_VERSIONS = ["20.19.0", "22", "24"];

const COMPILERS = ["typescript", "typescript-native"];

/** As strict as a user may be; library declarations are checked, too. */
const COMPILER_OPTIONS = [
  ..."--strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess".split(" "),
  ..."--skipLibCheck false --target es2023 --module nodenext".split(" "),
];

/** A file of declarations and every file and package that they import, at any depth. */
function importsOf(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, name = ""] of readFileSync(file, "utf8").matchAll(/ from "([^"]+)"/g)) {
    if (!name.startsWith(".")) found.add(name);
    else importsOf(join(dirname(file), name.replace(/\.ts$/, ".d.ts")), found);
  }
  return found;
}

describe("the package", function () {
  this.timeout(DOWNLOAD_MS);
  let tarball: string;
  /** Where a user has installed it. */
  let project: string;
  /** Directories that each have one of the versions of Node.js. */
  let nodes: readonly string[];

  const compile = (compiler: string, ...options: readonly string[]) => {
    copyFileSync(PROGRAM, join(project, "program.ts"));
    const command = join(PROJECT, "node_modules", compiler, "bin/tsc");
    const args = [command, ...COMPILER_OPTIONS, ...options, "program.ts"];
    return runCommand(process.execPath, args, project);
  };

  before(async () => {
    tarball = await packProject();
    [project = "", ...nodes] = await Promise.all([
      createProject([tarball, "@types/node@20"]),
      ...NODE_VERSIONS.map((version) => createProject([`node@${version}`])),
    ]);
    await compile("typescript-native");
  });
  after(removeTemporaryDirectories);

  for (const [name, ...options] of [
    ["publint", "--strict"],
    ["attw", "--profile", "esm-only"],
  ] as const) {
    it(`passes ${name} ${options.join(" ")}`, async () => {
      await runCommand(join(PROJECT, "node_modules/.bin", name), [...options, tarball], PROJECT);
    });
  }

  it("declares what is public and nothing else, with no types but Node's own", () => {
    const dist = join(project, "node_modules/foreverframe/dist");
    const declarations = readdirSync(dist, { encoding: "utf8", recursive: true })
      .filter((file) => file.endsWith(".d.ts"))
      .map((file) => join(dist, file));
    const imported = importsOf(join(dist, "index.d.ts"));
    expect([...imported]).to.have.members([...declarations, "node:http", "node:https"]);
  });

  for (const compiler of COMPILERS) {
    it(`compiles in a strict program with ${compiler}, and refers to Node's types`, async () => {
      await compile(compiler, "--noEmit");
    });
  }

  for (const [index, version] of NODE_VERSIONS.entries()) {
    it(`works in that program on Node.js ${version}, and can be required`, async () => {
      const node = join(nodes[index] ?? "", "node_modules/.bin/node");
      const { stdout: found } = await runCommand(node, ["--version"], project);
      expect(found).to.match(new RegExp(`^v${version}\\b`));
      const { stdout, stderr } = await runCommand(node, ["program.js"], project);
      expect([stdout, stderr]).to.deep.equal(["done\n", ""]);
      const script = "console.log(typeof require('foreverframe').createForeverframe)";
      const required = await runCommand(node, ["--input-type=commonjs", "-e", script], project);
      expect([required.stdout, required.stderr]).to.deep.equal(["function\n", ""]);
    });
  }
});
