const handled = new WeakSet<object>();

/**
 * Say that an error of a library has reached who asked for it: what the library printed beside it
 * is no news.
 */
export function markHandled(error: unknown): void {
  if (error instanceof Error) handled.add(error);
}

/** Whether {@link markHandled} was told of this error. */
export function isHandled(error: unknown): boolean {
  return error instanceof Error && handled.has(error);
}
