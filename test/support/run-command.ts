import { execFile } from "node:child_process";

/** A program's output. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Run a program to its end.
 *
 * @param environment added to this process's own; undefined takes a variable away
 * @throws Error with everything that it printed, if its exit code is not 0
 */
export function runCommand(
  command: string,
  args: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<CommandOutput> {
  const options = { cwd: directory, env: { ...process.env, ...environment } };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ stdout, stderr });
      reject(
        new Error(`${command} ${args.join(" ")} failed: ${error.message}\n${stdout}${stderr}`),
      );
    });
  });
}
