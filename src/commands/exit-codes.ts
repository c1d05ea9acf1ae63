import { CommanderError } from "commander";
import { ForeverframeError } from "../errors.ts";
import { RequestError } from "./server-client.ts";

/**
 * How the command line ends, so that a unit file or a script can tell what to do next. The numbers
 * are those of sysexits: https://man.openbsd.org/sysexits.3
 */
export const EXIT_CODES = {
  1: "anything else; standard error says what",
  64: "wrong usage: an unknown, missing or impossible argument",
  69: "the server can't be reached, also by the proxy before it",
  75: "for now: the log or address is in use, or the server is busy",
  77: "refused: the token is missing or wrong, or does not allow it",
  78: "a wrong setting of serve, a variable or a file",
} as const;

/** One of {@link EXIT_CODES}. */
type ExitCode = keyof typeof EXIT_CODES;

/** The help about {@link EXIT_CODES}. */
export const EXIT_CODES_HELP = [
  "",
  "Exit codes:",
  "  0   success",
  ...Object.entries(EXIT_CODES).map(([code, meaning]) => `  ${code.padEnd(3)} ${meaning}`),
].join("\n");

const BY_CODE: Readonly<Record<string, ExitCode>> = {
  FF_CONFIG_INVALID: 78,
  FF_TOKEN_INVALID: 78, // a token to be made, which a server would refuse
  FF_CHANNEL_INVALID: 64,
  FF_SELECTOR_INVALID: 64,
  FF_LOG_UNAVAILABLE: 75,
  FF_LOG_FULL: 75,
  FF_ADDRESS_IN_USE: 75,
};

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  401: 77,
  403: 77,
  429: 75,
  502: 69,
  503: 75,
  504: 69,
};

/** How the process ends that could not go on for this reason. */
export function exitCodeOf(error: unknown): 0 | ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
  if (error instanceof RequestError)
    return error.answered === null ? 69 : (BY_STATUS[error.answered] ?? 1);
  if (error instanceof ForeverframeError) return BY_CODE[error.code] ?? 1;
  return 1;
}
