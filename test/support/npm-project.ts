import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "./run-command.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

/** The project's own directory. */
export const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** Longest wait for what npm downloads, in ms. */
export const DOWNLOAD_MS = 180_000;

/**
 * Pack the project as it was built.
 *
 * @returns path of the tarball
 */
export async function packProject(directory = createTemporaryDirectory()): Promise<string> {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", directory];
  const { stdout } = await runCommand("npm", args, PROJECT);
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(directory, filename);
}

/**
 * Make an empty project and install packages from the registry there, or from tarballs.
 *
 * @returns its directory
 */
export async function createProject(packages: readonly string[]): Promise<string> {
  const directory = createTemporaryDirectory();
  writeFileSync(join(directory, "package.json"), '{ "private": true, "type": "module" }\n');
  await installPackages(directory, packages);
  return directory;
}

/** Install packages into a project that there is already. */
export async function installPackages(
  directory: string,
  packages: readonly string[],
): Promise<void> {
  await runCommand("npm", ["install", "--loglevel=error", "--no-audit", ...packages], directory);
}
