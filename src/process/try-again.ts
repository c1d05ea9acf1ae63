import { setTimeout as pause } from "node:timers/promises";

/** Pause between two attempts, in ms. */
const PAUSE_MS = 100;

/**
 * Do something that may fail for a while, again and again.
 *
 * @param ms after this time no other attempt is made
 * @param isPassing whether another attempt may be of use
 * @throws what the last attempt threw
 */
export async function tryAgain<Result>(
  ms: number,
  isPassing: (error: unknown) => boolean,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error) || performance.now() > deadline) throw error;
    }
    await pause(PAUSE_MS);
  }
}
