import { ForeverframeError } from "../errors.ts";

/**
 * Deepest nesting of arrays and objects in one message: a browser's parser recurses, and dies where
 * JSON.parse does not.
 */
export const MAX_DATA_DEPTH = 100;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const PROTO = "__proto__";

/** Characters of it in JSON text, quotes included: as it is, and where each is an escape. */
const MIN_PROTO_LENGTH = 2 + PROTO.length;
const MAX_PROTO_LENGTH = 2 + 6 * PROTO.length;

declare const escapedJson: unique symbol;

/**
 * JSON text on one line that may stand inside a script of an HTML document: only this file makes
 * it.
 */
export type EscapedJson = string & { readonly [escapedJson]: true };

const ESCAPES = [
  ["<", "\\u003c"],
  [">", "\\u003e"],
  ["&", "\\u0026"],
  ["\u2028", "\\u2028"],
  ["\u2029", "\\u2029"],
] as const;

/** Characters that are escaped at once. */
const SLICE_LENGTH = 4_096;

/**
 * Make JSON text safe to stand inside a script of an HTML document: `<`, `>`, `&`, U+2028 and
 * U+2029 become escapes.
 *
 * They can only occur inside strings, so the value stays the same:
 * https://www.rfc-editor.org/rfc/rfc8259#section-7
 */
function escapeJson(json: string): EscapedJson {
  if (json.length <= SLICE_LENGTH) return escapeSlice(json) as EscapedJson;
  // A long text in which every character is one of them takes half as long in slices.
  const slices: string[] = [];
  for (let at = 0; at < json.length; at += SLICE_LENGTH)
    slices.push(escapeSlice(json.slice(at, at + SLICE_LENGTH)));
  return slices.join("") as EscapedJson;
}

function escapeSlice(json: string): string {
  // Not by replaceAll, which takes three times as long where every character is one of them.
  return ESCAPES.reduce(
    (text, [character, written]) =>
      text.includes(character) ? text.split(character).join(written) : text,
    json,
  );
}

/** Turn a value of our own into escaped JSON text. */
export function formatJson(value: unknown): EscapedJson {
  return escapeJson(JSON.stringify(value));
}

/**
 * Check JSON text that came from outside.
 *
 * @param what names the text in an error's sentence, such as `the body`
 * @returns what `JSON.parse` makes of it
 * @throws ForeverframeError FF_BODY_INVALID: not JSON, nested deeper than `maxDepth`, or a
 *   `__proto__` key
 */
export function checkJsonText(text: string, what: string, maxDepth: number): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : String(error);
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      `${what} is not JSON (${reason.slice(0, 120)}): send one JSON value, or text with Content-Type text/plain`,
    );
  }
  checkParsedText(text, what, maxDepth);
  return value;
}

/**
 * The checks of {@link checkJsonText} on text that `JSON.parse` has taken.
 *
 * @throws ForeverframeError FF_BODY_INVALID
 */
function checkParsedText(text: string, what: string, maxDepth: number): void {
  // Each level takes two characters.
  if (text.length > 2 * maxDepth && depthOf(text) > maxDepth) {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      `${what} nests arrays and objects deeper than ${maxDepth} levels: send flatter data`,
    );
  }
  // In a script `{"__proto__": x}` sets a prototype instead of a member; it may be spelt with
  // escapes.
  if ((text.includes(PROTO) || text.includes("\\u")) && hasProtoKey(text)) {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      `${what} has a member named "__proto__": use another name`,
    );
  }
}

/**
 * Check JSON text that came from outside and bring it into the form that is stored: escaped, on one
 * line.
 *
 * The text is kept rather than parsed and printed again, which would turn `1e999` into `null` and
 * `-0` into `0`: data arrives equal to what `JSON.parse` makes of the body.
 *
 * @throws ForeverframeError what {@link checkJsonText} throws
 */
export function parseJsonText(text: string, what: string): EscapedJson {
  checkJsonText(text, what, MAX_DATA_DEPTH);
  return escapeJson(withoutSpaceBetween(text));
}

/**
 * {@link parseJsonText} for text that `JSON.parse` has taken already, such as that of a
 * {@link memberText}: so it is parsed once.
 *
 * @throws ForeverframeError FF_BODY_INVALID
 */
export function parseParsedText(text: string, what: string): EscapedJson {
  checkParsedText(text, what, MAX_DATA_DEPTH);
  return escapeJson(withoutSpaceBetween(text));
}

/**
 * The text of the last member of this name, which is the one that `JSON.parse` shows, as it was
 * sent but for the space around it; null if there is none.
 *
 * @param json text of an object, which `JSON.parse` has taken
 */
export function memberText(json: string, name: string): string | null {
  const quoted = `"${name}"`;
  let found: string | null = null;
  for (let i = json.indexOf("{") + 1; i < json.length; i++) {
    const nameStart = json.indexOf('"', i);
    if (nameStart < 0) break; // an empty object
    const nameEnd = stringEnd(json, nameStart) + 1;
    const start = json.indexOf(":", nameEnd) + 1;
    const end = valueEnd(json, start);
    if (isNamed(json, nameStart, nameEnd, quoted)) found = json.slice(start, end).trim();
    i = end;
  }
  return found;
}

/** Whether the string from `start` to `end` is the same as `quoted`, which has no escapes. */
function isNamed(json: string, start: number, end: number, quoted: string): boolean {
  if (json.startsWith(quoted, start) && end - start === quoted.length) return true;
  const text = json.slice(start, end);
  return text.includes("\\") && JSON.parse(text) === JSON.parse(quoted);
}

/** Where the value that begins at `start` ends: at the comma or the brace behind it. */
function valueEnd(json: string, start: number): number {
  let depth = 0;
  for (let i = start; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case QUOTE:
        i = stringEnd(json, i);
        break;
      case OPEN_BRACKET:
      case OPEN_BRACE:
        depth++;
        break;
      case COMMA:
        if (depth === 0) return i;
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        if (depth-- === 0) return i;
    }
  }
  return json.length;
}

/**
 * Turn a result of `JSON.parse` into escaped JSON text that parses to the same value:
 * `JSON.stringify` loses `-0` and the infinities that `1e999` is parsed to.
 */
export function formatParsedJson(value: unknown): EscapedJson {
  return escapeJson(printParsed(value));
}

function printParsed(value: unknown): string {
  if (typeof value === "number") {
    if (Object.is(value, -0)) return "-0";
    return Number.isFinite(value) ? String(value) : `${value > 0 ? "" : "-"}1e999`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(printParsed).join(",")}]`;
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${printParsed(member)}`,
  );
  return `{${members.join(",")}}`;
}

function withoutSpaceBetween(json: string): string {
  if (!/[ \t\r\n]/.test(json)) return json;
  let kept = "";
  let from = 0;
  visitBetweenStrings(json, (code, index) => {
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d && code !== 0x0a) return;
    kept += json.slice(from, index);
    from = index + 1;
  });
  return kept + json.slice(from);
}

function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  visitBetweenStrings(json, (code) => {
    if (code === OPEN_BRACKET || code === OPEN_BRACE) deepest = Math.max(deepest, ++depth);
    else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  });
  return deepest;
}

/**
 * Visit each character outside strings. A regular expression that matches whole strings would run
 * out of stack on one with millions of escapes.
 */
function visitBetweenStrings(json: string, visit: (code: number, index: number) => void): void {
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(json, i);
    else visit(code, i);
  }
}

/**
 * Whether a member is named `__proto__`. One that a later member of the same name hides counts,
 * too: `JSON.parse` does not show it, but two of them in one object are a syntax error in a script.
 */
function hasProtoKey(json: string): boolean {
  let start = 0;
  let end = 0;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) {
      start = i;
      end = stringEnd(json, i);
      i = end;
    } else if (code === COLON && isProto(json, start, end)) return true;
  }
  return false;
}

/** Whether the string from `start` to `end`, both of them quotes, is `__proto__`. */
function isProto(json: string, start: number, end: number): boolean {
  const length = end - start + 1;
  if (length < MIN_PROTO_LENGTH || length > MAX_PROTO_LENGTH) return false;
  const text = json.slice(start, end + 1);
  return text === `"${PROTO}"` || (text.includes("\\u") && JSON.parse(text) === PROTO);
}

/** The index of the quote that ends the string which begins at `start`. */
function stringEnd(json: string, start: number): number {
  let i = start + 1;
  for (; i < json.length && json.charCodeAt(i) !== QUOTE; i++)
    if (json.charCodeAt(i) === BACKSLASH) i++;
  return i;
}
