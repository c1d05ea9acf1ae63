// What the tests need beside npm's packages. Run by `pretest`: installs what is missing where it may, else says how.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Each need: what to look for on the PATH, and the Debian packages that bring it. */
const NEEDS = [
  { name: "Chromium", commands: ["chromium", "chromium-browser"], packages: ["chromium"] },
];

/** The first of these commands that is on the PATH, or null. */
export function findCommand(commands) {
  const directories = (process.env.PATH ?? "").split(delimiter);
  for (const command of commands) {
    for (const directory of directories) {
      const path = join(directory, command);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return null;
}

/** Path of the Chromium that the tests drive. */
export function chromiumPath() {
  return findCommand(NEEDS[0].commands);
}

function missing() {
  return NEEDS.filter(({ commands }) => findCommand(commands) === null);
}

function run(command, args, env = {}) {
  return spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } }).status;
}

function provide() {
  const needs = missing();
  if (needs.length === 0) return;
  const names = needs.map(({ name }) => name).join(", ");
  const packages = needs.flatMap((need) => need.packages);
  const remedy = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  const mayInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (mayInstall) {
    console.log(`The tests need ${names}: ${remedy}`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    run("apt-get", ["update", "-qq"], env);
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], env);
  }
  if (missing().length === 0) return;
  console.error(
    `The tests need ${names}, and could not install it. On Debian, run as root:\n\n  ${remedy}\n`,
  );
  process.exit(1);
}

if (process.argv[1] === import.meta.filename) provide();
