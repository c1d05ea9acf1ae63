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
  const iterator = items[Symbol.iterator]();
  let now = scheduler.monotonicMs();
  let sliceEnds = now + SLICE_MS;
  while (visitSome(iterator, visit, now)) {
    now = scheduler.monotonicMs();
    if (now < sliceEnds) continue;
    await scheduler.nextTurn();
    now = scheduler.monotonicMs();
    sliceEnds = now + SLICE_MS;
  }
}

/**
 * Visit up to {@link ITEMS_PER_LOOK} items; false when there were no more. Apart from the asynchronous loop because there the
 * compiler leaves an iterator's result in memory for each item: 40 bytes a delivery (measured), where now there are none.
 */
function visitSome<T>(
  iterator: Iterator<T>,
  visit: (item: T, now: number) => void,
  now: number,
): boolean {
  for (let n = 0; n < ITEMS_PER_LOOK; n++) {
    const { done, value } = iterator.next();
    if (done) return false;
    visit(value, now);
  }
  return true;
}
