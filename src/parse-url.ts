/**
 * Parse a URL that may be none; null then.
 *
 * Not by `URL.canParse`: in Node 20 it takes the bytes of a Latin-1 text for UTF-8 once it is
 * compiled, and says yes to what `new URL` refuses.
 */
export function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
