import { ForeverframeError } from "../errors.ts";

/** What the operator is told when the directory of a log can't be used. */
export function openError(directory: string, cause: unknown): ForeverframeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `The log in "${directory}" can't be opened (${reason}): give a directory that can be written with --data, or use --memory`,
    { cause },
  );
}
