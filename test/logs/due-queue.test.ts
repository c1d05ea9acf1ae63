import { expect } from "chai";
import fc from "fast-check";
import { DueQueue } from "../../src/logs/due-queue.ts";
import type { DueChannel } from "../../src/logs/tables.ts";

describe("DueQueue", () => {
  it("has the entries that were added and not taken back, soonest first", () => {
    const step = fc.record({ due: fc.nat(50), number: fc.nat(20), limit: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new DueQueue();
        const model = new Map<number, DueChannel>();
        for (const { due, number, limit } of steps) {
          const known = model.get(number);
          if (known !== undefined) queue.remove(known);
          model.delete(number);
          if (due % 5 > 0) {
            const entry = { due, number, channel: `c${number}` };
            queue.add(entry);
            model.set(number, entry);
          }
          const wanted = [...model.values()]
            .filter((entry) => entry.due <= 30)
            .sort((a, b) => a.due - b.due || a.number - b.number)
            .slice(0, limit);
          expect(queue.first(30, limit)).to.deep.equal(wanted);
        }
      }),
    );
  });

  it("sweeps out what was taken back a million times", function () {
    this.timeout(20_000);
    const queue = new DueQueue();
    const last = { due: 2e9, number: 0, channel: "last" };
    queue.add(last);
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 1_000_000; n++) {
      const entry = { due: 1e9 + n, number: 1, channel: "busy" };
      queue.add(entry);
      queue.remove(entry);
    }
    expect(queue.first(3e9, 10)).to.deep.equal([last]);
    expect(process.memoryUsage().heapUsed - before).to.be.below(50_000_000);
  });
});
