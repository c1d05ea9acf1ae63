const handled = new WeakSet<object>();

/**
 * Note that an error of a library has reached its caller: then what the library printed, too, is
 * not logged.
 */
export function markHandled(error: unknown): void {
  if (error instanceof Error) handled.add(error);
}

/** Whether {@link markHandled} was told of this error. */
export function isHandled(error: unknown): boolean {
  return error instanceof Error && handled.has(error);
}
