/** How an answer is awaited. */
export interface FetchLimits {
  /** For the whole of it. */
  readonly ms: number;
  readonly maxBytes: number;
}

/**
 * Ask another server.
 *
 * @throws Error: there is no whole answer in time, or it is too large
 */
export async function fetchText(
  url: string,
  request: RequestInit,
  { ms, maxBytes }: FetchLimits,
): Promise<{ readonly status: number; readonly text: string }> {
  const late = new AbortController();
  // Not AbortSignal.timeout, which keeps no process alive: where a connection is cut while it
  // opens, fetch() may neither succeed nor fail, and a server that is just starting would end.
  const timer = setTimeout(() => late.abort(new Error(`no answer came within ${ms} ms`)), ms);
  try {
    const response = await fetch(url, { ...request, signal: late.signal });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    }
    return { status: response.status, text };
  } finally {
    clearTimeout(timer);
  }
}
