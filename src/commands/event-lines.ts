import { ForeverframeError, shorten } from "../errors.ts";

/** What commands need of an event. */
export interface LineEvent {
  readonly type?: string;
  readonly id?: string;
  readonly cursor?: string;
  readonly reconnect?: boolean;
  readonly retryMs?: number;
  readonly data?: unknown;
}

/** Longest line that is read, in characters: the largest message, with all of it escaped. */
const MAX_LINE = 134_217_728;

/**
 * Read the lines of an NDJSON stream as they come, without its heartbeats. It ends where the
 * connection does, however that ended.
 */
export async function* linesOf({ body }: Response): AsyncIterable<string> {
  if (body === null) return;
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of body) {
      const piece = decoder.decode(chunk, { stream: true });
      rest += piece;
      if (rest.length > MAX_LINE) break; // cancels it
      if (!piece.includes("\n")) continue;
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield line;
    }
  } catch {
    // The connection broke: what was cut off comes again after the cursor.
  }
}

/** @throws ForeverframeError FF_CONFIG_INVALID: no server of ours sends this */
export function parseEvent(line: string): LineEvent {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === "object" && event !== null) return event;
  } catch {
    // Said below.
  }
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--url leads to something that sends "${shorten(line)}", which is not an event: give the address of a Foreverframe server`,
  );
}
