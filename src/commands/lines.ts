/** One line of the input. */
export interface InputLine {
  /** From 1. */
  readonly number: number;
  /** Without its end, LF or CRLF; cut off behind `maxBytes`. Null if it is not UTF-8. */
  readonly text: string | null;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Read the lines of an input, as many at a time as have come. Not by node:readline, which also
 * splits at U+2028, in the middle of a JSON string, and puts U+FFFD in place of what is not UTF-8.
 *
 * @param maxBytes of a line that are kept: a stream without line ends must not fill the memory
 */
export async function* readLines(
  input: AsyncIterable<Buffer | string>,
  maxBytes: number,
): AsyncIterable<readonly InputLine[]> {
  let number = 0;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const add = (piece: Buffer) => {
    if (piece.length === 0 || begunBytes > maxBytes) return;
    begun.push(piece);
    begunBytes += piece.length;
  };
  const complete = (): InputLine => {
    number++;
    const text = decodeLine(Buffer.concat(begun), number);
    begun = [];
    begunBytes = 0;
    return { number, text };
  };
  for await (const chunk of input) {
    let bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    const lines: InputLine[] = [];
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF)) {
      add(bytes.subarray(0, end));
      lines.push(complete());
      bytes = bytes.subarray(end + 1);
    }
    add(bytes);
    if (lines.length > 0) yield lines;
  }
  if (begunBytes > 0) yield [complete()];
}

function decodeLine(bytes: Buffer, number: number): string | null {
  const line = bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes;
  try {
    // A byte order mark stands before a whole file only.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: number > 1 }).decode(line);
  } catch {
    return null;
  }
}
