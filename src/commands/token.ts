import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import type { JWTPayload } from "jose";
import { ForeverframeError, shorten } from "../errors.ts";
import { readSecret } from "../tokens/secret.ts";
import { readRights } from "../tokens/token-rights.ts";

/** What `foreverframe token` is given. */
interface TokenOptions {
  readonly secretFile: string;
  readonly subscribe?: readonly string[] | undefined;
  readonly publish?: readonly string[] | undefined;
  readonly admin?: boolean | undefined;
  readonly client?: string | undefined;
  readonly subject?: string | undefined;
  /** Such as `1h`. */
  readonly ttl: string;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Longest life of a token, in s: ten years. */
const MAX_TTL_S = 3_650 * 86_400;

/** Add `foreverframe token`. */
export function addTokenCommand(program: Command): void {
  program
    .command("token")
    .summary("make a token for a server with a --secret-file")
    .description(
      "Make a token for a server that was started with the same --secret-file, and print it.",
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
    .addHelpText(
      "after",
      `
Examples:
  foreverframe token --secret-file secret --subscribe 'doors.**' --client kiosk-7 --ttl 1h > kiosk
  foreverframe token --secret-file secret --publish 'doors.*' --ttl 7d > gate
  foreverframe token --secret-file secret --admin > admin`,
    )
    .action(async (options: TokenOptions) => {
      process.stdout.write(`${await makeToken(options, Date.now())}\n`);
    });
}

/** Given several times, it is one list. */
function splitList(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(",").map((item) => item.trim())];
}

/**
 * `foreverframe token`: sign a token for whom the options describe.
 *
 * @param now Unix ms
 * @throws ForeverframeError FF_CONFIG_INVALID, FF_TOKEN_INVALID: a server would refuse it
 */
async function makeToken(options: TokenOptions, now: number): Promise<string> {
  const { secretFile, subscribe, publish, admin, client, subject, issuer, audience } = options;
  if (subscribe === undefined && publish === undefined && admin === undefined) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      "The token would allow nothing: say what it is for, such as --subscribe 'doors.**', --publish doors.north or --admin",
    );
  }
  const exp = Math.floor(now / 1_000) + parseTtl(options.ttl);
  // JSON leaves out what is undefined.
  const foreverframe = JSON.parse(JSON.stringify({ subscribe, publish, admin, client }));
  readRights({ exp, sub: subject, foreverframe } as JWTPayload, null);
  const { SignJWT } = await import("jose");
  const token = new SignJWT({ foreverframe })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(Math.floor(now / 1_000))
    .setExpirationTime(exp)
    .setJti(randomUUID());
  if (subject !== undefined) token.setSubject(subject);
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  return token.sign(readSecret(secretFile));
}

/** @returns s */
function parseTtl(text: string): number {
  const [, digits = "", unit = ""] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (SECONDS[unit] ?? 0);
  if (seconds > 0 && seconds <= MAX_TTL_S) return seconds;
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--ttl is "${shorten(text)}": give a time up to 3650d, such as 90s, 30m, 1h or 7d`,
  );
}
