import { Command, CommanderError } from "commander";
import { ForeverframeError } from "../errors.ts";
import { addBackupCommand } from "./backup.ts";
import { addBenchCommand } from "./bench.ts";
import { addChannelsCommand } from "./channels.ts";
import { addCloseCommand } from "./close.ts";
import { addCompletionCommand } from "./completion.ts";
import { addDoctorCommand } from "./doctor.ts";
import { EXIT_CODES_HELP, exitCodeOf } from "./exit-codes.ts";
import { addExplainCommand } from "./explain.ts";
import { addPublishCommand } from "./publish.ts";
import { addRestoreCommand } from "./restore.ts";
import { addServeCommand } from "./serve.ts";
import { addStreamsCommand } from "./streams.ts";
import { addTailCommand } from "./tail.ts";
import { escapeForTerminal } from "./terminal.ts";
import { addTokenCommand } from "./token.ts";

/**
 * The command line: each command with its options and its help.
 *
 * @param version of this program
 */
export function createProgram(version: string): Command {
  const program = new Command("foreverframe")
    .description("Pushes messages to browsers over plain HTTP that never ends.")
    .version(version)
    .addHelpText("after", EXIT_CODES_HELP)
    // The codes of ours instead of 1; commands take over what is set before they are added.
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const fault = text
          .replace(/^error: /, "")
          .trim()
          .replace(/\.$/, "")
          .replaceAll("\n", " ");
        write(`foreverframe: ${fault}: see "foreverframe help" for what there is\n`);
      },
    });
  program.commandsGroup("The server:");
  addServeCommand(program);
  addBackupCommand(program);
  addRestoreCommand(program);
  program.commandsGroup("Messages:");
  addPublishCommand(program);
  addTailCommand(program);
  addTokenCommand(program);
  program.commandsGroup("A running server:");
  addStreamsCommand(program);
  addChannelsCommand(program);
  addCloseCommand(program);
  addExplainCommand(program);
  addDoctorCommand(program);
  addBenchCommand(program);
  program.commandsGroup("This program:");
  addCompletionCommand(program);
  return program;
}

/**
 * Run the command line.
 *
 * @param version of this program
 */
export async function runProgram(version: string): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0); // the reader has enough
    process.stderr.write(`foreverframe: standard output can't be written (${error.code})\n`);
    process.exit(1);
  });

  try {
    await createProgram(version).parseAsync();
  } catch (error) {
    // What is wrong with the usage has been said.
    if (!(error instanceof CommanderError)) {
      const known = error instanceof ForeverframeError;
      const text = known ? error.message : error instanceof Error ? error.stack : String(error);
      process.stderr.write(`foreverframe: ${escapeForTerminal(text ?? "")}\n`);
    }
    process.exitCode = exitCodeOf(error);
  }
}
