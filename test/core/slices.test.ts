import { expect } from "chai";
import type { Scheduler } from "../../src/core/scheduler.ts";
import { forEachInSlices, Slices } from "../../src/core/slices.ts";

/** A clock that goes on by 1 ms with each look, and counts the turns that were given to others. */
function countingScheduler(): Scheduler & { turns: number } {
  let now = 0;
  const scheduler = {
    turns: 0,
    unixMs: Date.now,
    monotonicMs: () => ++now,
    nextTurn: () => {
      scheduler.turns++;
      return Promise.resolve();
    },
    every: () => () => {},
    after: () => {},
  };
  return scheduler;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("forEachInSlices", () => {
  it("visits every item once and in order, and gives others a turn every few ms", async () => {
    const scheduler = countingScheduler();
    const seen: number[] = [];
    await forEachInSlices(numbers(1_000), scheduler, (n) => seen.push(n));
    expect(seen).to.deep.equal(numbers(1_000));
    expect(scheduler.turns).to.be.within(5, 31);
  });

  it("visits what is added meanwhile, and not what is removed before its turn", async () => {
    const items = new Set(numbers(100));
    const seen: number[] = [];
    await forEachInSlices(items, countingScheduler(), (n) => {
      if (n === 10) items.delete(99);
      if (n === 20) items.add(1_000);
      seen.push(n);
    });
    expect(seen).to.deep.equal([...numbers(99), 1_000]);
  });
});

describe("Slices", () => {
  it("gives others a turn also where there are many small groups of items", async () => {
    const scheduler = countingScheduler();
    const slices = new Slices(scheduler);
    let visited = 0;
    for (let group = 0; group < 1_000; group++) {
      await slices.forEach([group], () => {
        visited++;
      });
    }
    expect(visited).to.equal(1_000);
    expect(scheduler.turns).to.be.within(5, 31);
  });

  it("looks at the clock before the next item when something long was done", async () => {
    const scheduler = countingScheduler();
    const slices = new Slices(scheduler);
    for (let group = 0; group < 30; group++) {
      slices.lookNext();
      await slices.forEach([group], () => {});
    }
    expect(scheduler.turns).to.be.at.least(5);
  });
});
