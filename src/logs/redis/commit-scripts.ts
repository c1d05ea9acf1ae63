import { createRemovingScript } from "./lua.ts";

/**
 * Begin to wait for replicas: a write, so that `WAIT` on the same connection is about it and about
 * all that was written before it.
 *
 * ARGV: how many replicas are awaited, and for how many ms nobody may open the log who awaits
 * another number.
 *
 * Answers `OK`, the time, the position up to which messages are shown, and the newest position.
 */
export const BEGIN_COMMIT = createRemovingScript(
  "beginCommit",
  `
mayRemove()
call("HSET", marks, "waits", ARGV[A], "waitsUntil", number(now + tonumber(ARGV[A + 1])))
return {"OK", number(now), m.shown, m.tip}
`,
);

/**
 * Show all messages up to a position, since replicas have them. ARGV: the position. Answers `OK`,
 * the time, and the position up to which messages are shown, which never falls.
 */
export const COMMIT = createRemovingScript(
  "commit",
  `
mayRemove()
m.shown = later(m.committed or ORIGIN, earlier(ARGV[A], m.tip))
call("HSET", marks, "committed", m.shown)
return {"OK", number(now), m.shown}
`,
);
