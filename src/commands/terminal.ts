import { styleText } from "node:util";

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

/** What text may look like. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow";

/** Dresses text up where that is wanted. */
export type Paint = (style: Style, text: string) => string;

/** Width of a terminal that does not say how wide it is, in columns. */
const DEFAULT_COLUMNS = 80;

/**
 * The paint for an output: colours only on a terminal that has some, and where neither `NO_COLOR`
 * nor `TERM=dumb` forbids them.
 */
export function paintFor(output: NodeJS.WriteStream): Paint {
  const hasColours = output.isTTY && output.hasColors();
  return hasColours ? styleText : (_, text) => text;
}

/** How wide lines may be, in columns; null where the output is not a terminal. */
export function widthOf(output: NodeJS.WriteStream): number | null {
  return output.isTTY ? output.columns || DEFAULT_COLUMNS : null;
}
