import { Command, Option } from "commander";
import { ForeverframeError } from "../errors.ts";
import {
  flagOf,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
  variableOf,
} from "../settings/settings.ts";
import { publish } from "./publish.ts";
import { serve } from "./serve.ts";
import { tail } from "./tail.ts";
import { escapeForTerminal } from "./terminal.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";

/**
 * Run the command line.
 *
 * @param version of this program
 */
export async function runProgram(version: string): Promise<void> {
  const program = new Command("foreverframe")
    .description("Pushes messages to browsers over plain HTTP that never ends.")
    .version(version)
    .configureOutput({
      outputError: (text, write) => {
        const fault = text
          .replace(/^error: /, "")
          .trim()
          .replaceAll("\n", " ");
        write(`foreverframe: ${fault}: see "foreverframe help" for what there is\n`);
      },
    });

  const serveCommand = program
    .command("serve")
    .description(
      "start the server; every setting can also be given in the environment as named below",
    );
  for (const name of SETTING_NAMES) serveCommand.addOption(settingOption(name));
  serveCommand.action((flags: Partial<Record<SettingName, string | boolean>>) =>
    serve(flags, process.env),
  );

  program
    .command("publish")
    .description(
      "publish one value, or each line of standard input; a value that is not JSON is published as text",
    )
    .argument("<channel>", "channel to publish to, such as doors.north")
    .argument("[data]", "the value; without it, standard input is read line by line")
    .option("--url <url>", "address of the server", DEFAULT_URL)
    .action((channel: string, data: string | undefined, { url }: { url: string }) =>
      publish({ url, channel, data, input: process.stdin }),
    );

  program
    .command("tail")
    .description(
      "print the events of channels, one JSON object a line, and resume when the connection breaks",
    )
    .argument("<channels>", "comma-separated channels or patterns, such as doors.*")
    .option("--url <url>", "address of the server", DEFAULT_URL)
    .option("--after <cursor>", 'start after this cursor; "earliest" for all that is kept')
    .option("--last <n>", "start with the last n messages")
    .action((channels: string, options: { url: string; after?: string; last?: string }) =>
      tail({ ...options, channels, write: (line) => process.stdout.write(line) }),
    );

  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0); // the reader has enough
    process.stderr.write(`foreverframe: standard output can't be written (${error.code})\n`);
    process.exit(1);
  });

  try {
    await program.parseAsync();
  } catch (error) {
    const known = error instanceof ForeverframeError;
    const text = known ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`foreverframe: ${escapeForTerminal(text ?? "")}\n`);
    process.exitCode = 1;
  }
}

function settingOption(name: SettingName): Option {
  const setting: Setting = SETTINGS[name];
  const argument =
    setting.kind === "switch" ? "" : setting.kind === "list" ? " <a,b,...>" : ` <${setting.kind}>`;
  const initial =
    setting.kind === "number"
      ? `; ${setting.min} to ${setting.max}, default ${setting.default}`
      : setting.kind === "text"
        ? `; default ${setting.default || "none"}`
        : "";
  const option = new Option(
    `${flagOf(name)}${argument}`,
    `${setting.help}${initial} [${variableOf(name)}]`,
  );
  if (setting.kind !== "list") return option;
  // Given several times, it is one list.
  return option.argParser((value: string, before?: string) =>
    [before, value].filter(Boolean).join(","),
  );
}
