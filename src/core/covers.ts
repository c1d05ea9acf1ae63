/**
 * Whether a selector covers another one: every channel that `asked` matches, `granted` matches too.
 * `doors.**` covers `doors.north`, `doors.*` and `doors.**`; `doors.*` does not cover `doors.**`.
 *
 * @param granted a selector or the name of a channel
 * @param asked likewise
 */
export function covers(granted: string, asked: string): boolean {
  const grantedSegments = granted.split(".");
  const askedSegments = asked.split(".");
  for (const [i, segment] of grantedSegments.entries()) {
    const askedSegment = askedSegments[i];
    if (askedSegment === undefined) return false;
    if (segment === "**") return true;
    if (askedSegment === "**") return false; // it matches more segments than this one
    if (segment !== "*" && segment !== askedSegment) return false;
  }
  return grantedSegments.length === askedSegments.length;
}
