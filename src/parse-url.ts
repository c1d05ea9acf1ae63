/**
 * Parse a URL that may be none; null then.
 *
 * Not by `URL.canParse`, which in Node 20 takes some text that `new URL` refuses, once it has been
 * called often: such as `http://localhost` with a last letter of two bytes in UTF-8, read as two
 * characters.
 */
export function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
