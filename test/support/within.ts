/** Wait for something, at most `ms`; the error says what did not come. */
export function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * What is waited for is looked for after at least this time, in ms; and after a twentieth of the
 * time that has passed, but at most MAX_PAUSE_MS: to look into a browser costs it some ms.
 */
const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 100;

/**
 * Look again and again until `look` gives something other than undefined or false.
 *
 * @param what for the error, which says it as it is at the end of the wait where it is a function
 */
export async function eventually<T>(
  ms: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string | (() => string),
): Promise<T> {
  const began = performance.now();
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    const waited = performance.now() - began;
    if (waited > ms)
      throw new Error(`waited ${ms} ms for ${typeof what === "string" ? what : what()}`);
    const pause = Math.min(Math.max(MIN_PAUSE_MS, waited / 20), MAX_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
