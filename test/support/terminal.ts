import { runCommand } from "./run-command.ts";

/** What tells Node whether a terminal has colours: the machine that runs the tests has no say. */
const WITHOUT_COLOUR_SETTINGS = {
  CI: undefined,
  FORCE_COLOR: undefined,
  NODE_DISABLE_COLORS: undefined,
  NO_COLOR: undefined,
};

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
  const settings = { TERM: "xterm-256color", ...WITHOUT_COLOUR_SETTINGS, ...environment };
  const args = ["--quiet", "--return", "--command", script, "/dev/null"];
  const { stdout } = await runCommand("script", args, root, settings);
  return stdout.replaceAll("\r", "");
}
