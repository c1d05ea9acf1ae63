import type { Command } from "commander";
import { formatCopy } from "./backup.ts";
import { addLogOptions, type LogOptions, logDirectoryOf } from "./log-options.ts";

interface RestoreOptions extends LogOptions {
  readonly json?: true;
}

/** Add `foreverframe restore`. */
export function addRestoreCommand(program: Command): void {
  const command = program
    .command("restore")
    .summary("put a backup in the place of a log")
    .description(
      "Put a backup in the place of a log, while no server runs. The log gets a new epoch: clients that come back are told by a gap that messages may be missing.",
    )
    .argument("<backup>", 'directory that "foreverframe backup" has made; it stays as it is');
  addLogOptions(command)
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Example:
  foreverframe restore /backups/2026-11-28 --data /var/lib/foreverframe`,
    )
    .action(async (backup: string, options: RestoreOptions) => {
      const { restoreLog } = await import("../logs/lmdb-copy.ts");
      const copy = await restoreLog(backup, logDirectoryOf(options, process.env));
      process.stdout.write(formatCopy("restored", copy, options.json === true));
    });
}
