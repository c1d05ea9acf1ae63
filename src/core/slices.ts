import type { Scheduler } from "./scheduler.ts";

/** Others, such as control requests, get their turn after this many ms. */
const SLICE_MS = 8;

/** Items between two looks at the clock, which costs as much as giving one stream a small message. */
const ITEMS_PER_LOOK = 32;

/**
 * Visit all items, those too that are added meanwhile, in slices: what waits in the event loop goes in between.
 *
 * @param visit is given an item and the time, in monotonic ms, to within a slice
 */
export async function forEachInSlices<T>(
  items: Iterable<T>,
  scheduler: Scheduler,
  visit: (item: T, now: number) => void,
): Promise<void> {
  let now = scheduler.monotonicMs();
  let sliceEnds = now + SLICE_MS;
  let visited = 0;
  for (const item of items) {
    visit(item, now);
    if (++visited % ITEMS_PER_LOOK !== 0) continue;
    now = scheduler.monotonicMs();
    if (now < sliceEnds) continue;
    await scheduler.nextTurn();
    now = scheduler.monotonicMs();
    sliceEnds = now + SLICE_MS;
  }
}
