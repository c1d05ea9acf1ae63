import { createHash, timingSafeEqual } from "node:crypto";

/**
 * A token of this many characters or more can't be guessed, however often one tries: generated ones
 * have 22.
 */
const UNGUESSABLE_CHARACTERS = 20;

/** The one token of the admin. */
export class AdminToken {
  readonly #digest: Buffer;
  /** Whether guesses would find it. */
  readonly isGuessable: boolean;

  constructor(token: string) {
    this.#digest = digest(token);
    this.isGuessable = token.length < UNGUESSABLE_CHARACTERS;
  }

  /** Whether a token is this one. Hashes are compared, so that the time it takes tells nothing. */
  is(given: string | null): boolean {
    return given !== null && timingSafeEqual(digest(given), this.#digest);
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
