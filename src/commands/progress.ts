import { formatDuration } from "./units.ts";

const BAR_COLUMNS = 30;
const STEP_MS = 200;

/** Goes back to the line's begin and clears it: a terminal's own sequence. */
const CLEAR_LINE = "\r\u001b[K";

/**
 * Show on standard error how far something has come that takes a known time. Shows nothing where
 * that is not a terminal.
 *
 * @param what stands before the bar
 * @param tell what stands behind it
 * @returns takes the bar away
 */
export function startProgress(what: string, totalMs: number, tell = () => ""): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  const began = performance.now();
  const draw = () => {
    const passedMs = Math.min(performance.now() - began, totalMs);
    const full = Math.round((BAR_COLUMNS * passedMs) / totalMs);
    const bar = "#".repeat(full) + ".".repeat(BAR_COLUMNS - full);
    const left = formatDuration(Math.ceil((totalMs - passedMs) / 1_000) * 1_000 || 1_000);
    stderr.write(`${CLEAR_LINE}${what} [${bar}] ${left} ${tell()}`.slice(0, stderr.columns || 80));
  };
  const timer = setInterval(draw, STEP_MS);
  draw();
  return () => {
    clearInterval(timer);
    stderr.write(CLEAR_LINE);
  };
}
