import { readFileSync } from "node:fs";
import { ForeverframeError, shorten } from "../errors.ts";

/** Fewest bytes of a secret: as many as HS256 makes (RFC 7518, section 3.2). */
const MIN_SECRET_BYTES = 32;

/**
 * Read a secret that something is signed with by SHA-256. White space around it does not count.
 *
 * @param flag that names the file, for an error's sentence
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function readSecret(path: string, flag = "--secret-file"): Buffer {
  let text: string;
  try {
    text = readFileSync(path, "latin1").trim();
  } catch (cause) {
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      `${flag} ${shorten(path)} can't be read (${(cause as NodeJS.ErrnoException).code}): make it with "openssl rand -base64 48 > ${shorten(path)}"`,
      { cause },
    );
  }
  if (text.length >= MIN_SECRET_BYTES) return Buffer.from(text, "latin1");
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `${flag} ${shorten(path)} has ${text.length} bytes, which can be guessed: use ${MIN_SECRET_BYTES} or more, as "openssl rand -base64 48" makes them`,
  );
}
