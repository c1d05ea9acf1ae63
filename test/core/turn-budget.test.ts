import { expect } from "chai";
import type { Scheduler } from "../../src/core/scheduler.ts";
import { TurnBudget } from "../../src/core/turn-budget.ts";

/** A clock and turns that the test moves on. */
class ManualScheduler implements Scheduler {
  now = 0;
  #next: (() => void)[] = [];
  monotonicMs = () => this.now;
  unixMs = () => this.now;
  every = () => () => {};
  after = () => {};

  nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#next.push(resolve));
  }

  async turn(): Promise<void> {
    for (const resolve of this.#next.splice(0)) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("TurnBudget", () => {
  it("does as much in one turn as fits into its ms, in order, and the rest in later ones", async () => {
    const scheduler = new ManualScheduler();
    const turns = new TurnBudget(scheduler, 4);
    const done: number[] = [];
    for (let n = 0; n < 10; n++) {
      turns.run(() => {
        done.push(n);
        scheduler.now += 2;
      });
    }
    expect(done).to.deep.equal([0, 1]);
    await scheduler.turn();
    turns.run(() => done.push(10));
    expect(done).to.deep.equal([0, 1, 2, 3]);
    for (let n = 0; n < 5; n++) await scheduler.turn();
    expect(done).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("does one piece in each turn, however long it takes, and gives its result or its error", async () => {
    const scheduler = new ManualScheduler();
    const turns = new TurnBudget(scheduler, 1);
    const long = (result: number) => () => {
      scheduler.now += 50;
      if (result === 2) throw new Error("the second");
      return result;
    };
    const results = Promise.allSettled([1, 2, 3].map((n) => turns.ask(long(n))));
    expect(scheduler.now).to.equal(50);
    await scheduler.turn();
    expect(scheduler.now).to.equal(100);
    await scheduler.turn();
    const [first, second, third] = await results;
    expect(first).to.include({ value: 1 });
    expect(second).to.have.nested.property("reason.message", "the second");
    expect(third).to.include({ value: 3 });
  });

  it("keeps the order of what is asked for while other work is done", async () => {
    const scheduler = new ManualScheduler();
    const turns = new TurnBudget(scheduler, 2);
    const done: string[] = [];
    for (const name of ["a", "b", "c"]) {
      turns.run(() => {
        done.push(name);
        turns.run(() => done.push(`${name}2`));
        scheduler.now += 1;
      });
    }
    for (let n = 0; n < 4; n++) await scheduler.turn();
    expect(done).to.deep.equal(["a", "a2", "b", "b2", "c", "c2"]);
  });

  it("finishes work in steps before it begins with what comes behind", async () => {
    const scheduler = new ManualScheduler();
    const turns = new TurnBudget(scheduler, 2);
    const done: string[] = [];
    const steps = function* (name: string) {
      for (let n = 0; n < 5; n++) {
        done.push(name);
        scheduler.now += 1;
        yield;
      }
      return name;
    };
    const results = Promise.all([turns.inSteps(steps("a")), turns.inSteps(steps("b"))]);
    turns.runLater(() => done.push("later"));
    for (let n = 0; n < 9; n++) await scheduler.turn();
    expect(await results).to.deep.equal(["a", "b"]);
    expect(done.join("")).to.equal("aaaaabbbbblater");
  });
});
