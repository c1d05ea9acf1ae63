/**
 * Make many calls few: the first acts at once, and all that follow within `ms` become one more at
 * the end of that time.
 *
 * @param ms 1 or more
 */
export function throttle(act: () => void, ms: number): () => void {
  let calls = 0;
  return function call() {
    if (calls++ > 0) return;
    act();
    setTimeout(() => {
      const more = calls > 1;
      calls = 0;
      if (more) call();
    }, ms);
  };
}
