/**
 * What steers a terminal in text of others: control characters (U+009B starts a sequence as ESC [
 * does), and what turns the direction of writing:
 * https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
 */
const STEERING = /[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * Write what steers a terminal as escapes of JSON, but for tabs and line ends: a line of JSON stays
 * one that means the same.
 */
export function escapeForTerminal(text: string): string {
  return text.replace(STEERING, (character) => {
    if (character === "\t" || character === "\n") return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
