import { runCommand } from "./run-command.ts";

/**
 * Run a shell command on a terminal of 80 columns, in the repository.
 *
 * @returns everything that it wrote there, without carriage returns
 */
export async function onTerminal(
  command: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const root = new URL("../..", import.meta.url).pathname;
  // The first command tells the terminal its size: nobody else does.
  const script = `stty cols 80 rows 24; ${command}`;
  const settings = { TERM: "xterm-256color", ...environment };
  const args = ["--quiet", "--return", "--command", script, "/dev/null"];
  const { stdout } = await runCommand("script", args, root, settings);
  return stdout.replaceAll("\r", "");
}
