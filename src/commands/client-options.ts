import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseUrl } from "../parse-url.ts";
import { isLoopback } from "../settings/config.ts";
import { SETTINGS, variableOf } from "../settings/settings.ts";
import { adminTokenFile } from "./admin-token-file.ts";
import { tokenHeader } from "./server-client.ts";

/** Where a server is without `--url`. */
const DEFAULT_URL = "http://127.0.0.1:8080";

const TOKEN_FILE_HELP =
  'file with a token, as "foreverframe token" prints it; none where the server needs none';

/** The variable that also `serve` reads, so that one file can hold it for both. */
const ADMIN_TOKEN_VARIABLE = "FOREVERFRAME_ADMIN_TOKEN";

/** Where `serve` keeps the log, unless a flag says otherwise. */
const DATA_VARIABLE = variableOf("data");

/** The server that a command calls, and the right to do so. */
export interface ServerAccess {
  readonly url: string;
  /** File with a token; undefined for none. */
  readonly tokenFile?: string | undefined;
}

/** The server that a command for admins calls. */
export interface AdminAccess extends ServerAccess {
  /** The server's admin token; undefined where a file or the environment has it. */
  readonly adminToken?: string | undefined;
}

/** Add the options that say which server is called. */
export function addServerOptions(command: Command): Command {
  return command
    .option("--url <url>", "address of the server, with its path behind a proxy", DEFAULT_URL)
    .option("--token-file <file>", TOKEN_FILE_HELP);
}

/** Add the options of commands that need the admin token, or a token that allows `admin`. */
export function addAdminOptions(command: Command): Command {
  return command
    .option("--url <url>", "address of the server, with its path behind a proxy", DEFAULT_URL)
    .addOption(
      new Option(
        "--admin-token <token>",
        "admin token of the server; better in the environment or a file, where other users of this machine can't see it",
      ).env(ADMIN_TOKEN_VARIABLE),
    )
    .option(
      "--token-file <file>",
      "file with the admin token, or with a token that allows admin; it wins over --admin-token",
    );
}

/**
 * The header that lets an admin in; none where nothing gives a token. The last place to look is the
 * directory of the log, where a server of this machine keeps the token that it generated.
 */
export function adminHeader({
  url,
  adminToken,
  tokenFile,
}: AdminAccess): Readonly<Record<string, string>> {
  if (tokenFile !== undefined) return tokenHeader(tokenFile);
  if (adminToken !== undefined) return { Authorization: `Bearer ${adminToken}` };
  const file = adminTokenFile(process.env[DATA_VARIABLE] || SETTINGS.data.default);
  // Whoever answers at another address must not be given it.
  const isHere = isLoopback(parseUrl(url)?.hostname ?? "");
  return isHere && existsSync(file) ? tokenHeader(file) : {};
}

/** Reads the argument of an option: a whole number in a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}
