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
import { type TailOptions, tail } from "./tail.ts";
import { escapeForTerminal } from "./terminal.ts";
import { makeToken, type TokenOptions } from "./token.ts";

const TOKEN_FILE_HELP =
  'file with a token, as "foreverframe token" prints it; none where the server needs none';

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
    .option("--token-file <file>", TOKEN_FILE_HELP)
    .action(
      (channel: string, data: string | undefined, options: { url: string; tokenFile?: string }) =>
        publish({ ...options, channel, data, input: process.stdin }),
    );

  program
    .command("tail")
    .description(
      "print the events of channels, one JSON object a line, and resume when the connection breaks",
    )
    .argument("<channels>", "comma-separated channels or patterns, such as doors.*")
    .option("--url <url>", "address of the server", DEFAULT_URL)
    .option("--token-file <file>", TOKEN_FILE_HELP)
    .option("--after <cursor>", 'start after this cursor; "earliest" for all that is kept')
    .option("--last <n>", "start with the last n messages")
    .action((channels: string, options: Omit<TailOptions, "channels" | "write">) =>
      tail({ ...options, channels, write: (line) => process.stdout.write(line) }),
    );

  program
    .command("token")
    .description(
      "make a token for a server that was started with the same --secret-file, and print it",
    )
    .requiredOption("--secret-file <file>", "file with the secret that the server has")
    .option("--subscribe <a,b,...>", "channels and patterns that it may subscribe to", splitList)
    .option("--publish <a,b,...>", "channels and patterns that it may publish to", splitList)
    .option("--admin", "whether it may list and close streams, and delete channels")
    .option("--client <name>", "name of the client that it is for")
    .option("--subject <name>", 'its "sub": whom it was issued to')
    .option("--ttl <time>", "how long it is valid, such as 30m, 1h or 7d", "1h")
    .option("--issuer <name>", "the --issuer that the server asks for")
    .option("--audience <name>", "the --audience that the server asks for")
    .action(async (options: TokenOptions) => {
      process.stdout.write(`${await makeToken(options, Date.now())}\n`);
    });

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

/** Given several times, it is one list. */
function splitList(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(",").map((item) => item.trim())];
}

function settingOption(name: SettingName): Option {
  const setting: Setting = SETTINGS[name];
  const argument =
    setting.kind === "switch"
      ? ""
      : setting.kind === "list"
        ? " <a,b,...>"
        : setting.kind === "choice"
          ? ` <${setting.choices.join("|")}>`
          : ` <${setting.kind}>`;
  const initial =
    setting.kind === "number"
      ? `; ${setting.min} to ${setting.max}, default ${setting.default}`
      : setting.kind === "text" || setting.kind === "choice"
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
