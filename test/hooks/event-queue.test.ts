import { expect } from "chai";
import { EventQueue } from "../../src/hooks/event-queue.ts";

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);
const parse = (events: readonly string[]) => events.map((event) => JSON.parse(event));

describe("the queue of events", () => {
  const create = (limits = { maxEvents: 5, maxCharacters: 1_000 }) =>
    new EventQueue(() => 1_000, limits);

  it("gives events in their order, at most as many and as much as is asked for, but at least one", () => {
    const queue = create({ maxEvents: 100, maxCharacters: 1_000 });
    for (const n of numbers(10)) queue.add({ n });
    expect(parse(queue.take(3, 1_000))).to.deep.equal(numbers(3).map((n) => ({ n })));
    expect(parse(queue.take(100, 14))).to.deep.equal(numbers(2, 3).map((n) => ({ n })));
    expect(parse(queue.take(100, 1))).to.deep.equal([{ n: 5 }]);
    expect(queue.size).to.equal(4);
  });

  it("keeps the oldest when it is full, and says in their place how many others were lost", () => {
    const queue = create();
    for (const n of numbers(7)) queue.add({ n });
    expect(queue.lost).to.equal(3);
    expect(parse(queue.take(2, 1_000))).to.deep.equal([{ n: 0 }, { n: 1 }]);
    queue.add({ n: 7 });
    queue.add({ n: 8 });
    expect(parse(queue.take(100, 1_000))).to.deep.equal([
      { n: 2 },
      { n: 3 },
      { type: "lost", count: 3, at: 1_000 },
      { n: 7 },
    ]);
    expect(parse(queue.take(100, 1_000))).to.deep.equal([{ type: "lost", count: 1, at: 1_000 }]);
    expect(queue.size).to.equal(0);
  });

  it("never holds more characters than it may, however few the events are", () => {
    const queue = create({ maxEvents: 100, maxCharacters: 95 });
    queue.add({ text: "x".repeat(80) });
    queue.add({ text: "y".repeat(80) });
    queue.add({ n: 1 });
    expect(queue.lost).to.equal(2);
    queue.take(1, 1);
    expect(parse(queue.take(9, 1_000))).to.deep.equal([{ type: "lost", count: 2, at: 1_000 }]);
  });
});
