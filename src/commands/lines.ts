/** One line of the input. */
export interface InputLine {
  /** From 1. */
  readonly number: number;
  /** Without its end, LF or CRLF; cut off behind `maxLength` characters. */
  readonly text: string;
}

/**
 * The lines of an input, all that are there at a time. Not by node:readline, which also splits at U+2028, in the middle of
 * a JSON string.
 *
 * @param maxLength characters of a line that are kept: a stream without line ends must not fill the memory
 */
export async function* readLines(
  input: AsyncIterable<Buffer | string>,
  maxLength: number,
): AsyncIterable<readonly InputLine[]> {
  const decoder = new TextDecoder();
  let number = 0;
  let begun = "";
  const complete = (text: string): InputLine => {
    number++;
    return { number, text: text.endsWith("\r") ? text.slice(0, -1) : text };
  };
  for await (const chunk of input) {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const [first = "", ...others] = text.split("\n");
    if (begun.length <= maxLength) begun += first;
    if (others.length === 0) continue;
    const rest = others.pop() ?? "";
    yield [complete(begun), ...others.map(complete)];
    begun = rest;
  }
  if (begun !== "") yield [complete(begun)];
}
