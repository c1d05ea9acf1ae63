import type { Command } from "commander";
import type { LogCopy } from "../logs/lmdb-copy.ts";
import { addLogOptions, type LogOptions, logDirectoryOf } from "./log-options.ts";
import { escapeForTerminal } from "./terminal.ts";
import { formatBytes, formatCount } from "./units.ts";

interface BackupOptions extends LogOptions {
  readonly json?: true;
}

/** Add `foreverframe backup`. */
export function addBackupCommand(program: Command): void {
  const command = program
    .command("backup")
    .summary("copy the log, also while a server runs")
    .description(
      "Copy the log, also while a server runs, and check the copy. Run it as the user of the server, on its machine.",
    )
    .argument("<directory>", "where the copy goes: a directory that is new or empty");
  addLogOptions(command)
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  foreverframe backup /backups/$(date +%F) --data /var/lib/foreverframe
  foreverframe restore /backups/2026-11-28 --data /var/lib/foreverframe`,
    )
    .action(async (directory: string, options: BackupOptions) => {
      const { backUpLog } = await import("../logs/lmdb-copy.ts");
      const copy = await backUpLog(logDirectoryOf(options, process.env), directory);
      process.stdout.write(formatCopy("backed up", copy, options.json === true));
    });
}

/** What was copied, as a line for people or for programs. */
export function formatCopy(what: string, copy: LogCopy, asJson: boolean): string {
  const { directory, messages, channels, bytes } = copy;
  const line = asJson
    ? JSON.stringify(copy)
    : `${what} ${formatCount(messages, "message")} of ${formatCount(channels, "channel")} to ${directory} (${formatBytes(bytes)})`;
  return `${escapeForTerminal(line)}\n`;
}
