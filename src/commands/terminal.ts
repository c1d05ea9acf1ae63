/**
 * Characters by which foreign text could steer a terminal: control characters (U+009B starts a
 * sequence as ESC [ does), and those that turn the direction of writing:
 * https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
 */
const STEERING = /[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * Write characters that steer a terminal as JSON escapes, except tabs and line ends: a line of JSON
 * keeps its meaning.
 */
export function escapeForTerminal(text: string): string {
  return text.replace(STEERING, (character) => {
    if (character === "\t" || character === "\n") return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
