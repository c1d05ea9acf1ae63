import { expect } from "chai";
import type { MessageLog } from "../../src/core/log.ts";
import type { Scheduler } from "../../src/core/scheduler.ts";
import { Trimmer } from "../../src/core/trimmer.ts";
import { eventually } from "../support/within.ts";

describe("Trimmer", () => {
  let tick: () => void;
  const scheduler: Scheduler = {
    monotonicMs: () => 0,
    unixMs: () => 0,
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
    every: (_ms, run) => {
      tick = run;
      return () => {
        tick = () => {};
      };
    },
    after: () => {},
  };
  /** A log whose trims answer one after the other, the last for ever. */
  const logOf = (...answers: readonly (boolean | Error)[]) => {
    const calls = { count: 0 };
    const trim = async () => {
      const answer = answers[Math.min(calls.count++, answers.length - 1)];
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return { calls, log: { trim } as unknown as MessageLog };
  };

  it("goes on without a pause while there is more, and then waits for the next look", async () => {
    const { calls, log } = logOf(true, true, true, false);
    const trimmer = new Trimmer({ log, scheduler, pauseMs: 1_000, onError: () => {} });
    tick();
    await eventually(2_000, () => calls.count === 4, "four trims");
    await scheduler.nextTurn();
    expect(calls.count).to.equal(4);
    tick();
    expect(calls.count).to.equal(5);
    trimmer.stop();
    tick();
    await scheduler.nextTurn();
    expect(calls.count).to.equal(5);
  });

  it("tells of a failure, and tries again at the next look", async () => {
    const { calls, log } = logOf(new Error("no"), false);
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const trimmer = new Trimmer({ log, scheduler, pauseMs: 1_000, onError });
    tick();
    await eventually(2_000, () => errors.length === 1, "the error");
    tick();
    await eventually(2_000, () => calls.count === 2, "another try");
    trimmer.stop();
  });

  it("stops in the middle", async () => {
    const { calls, log } = logOf(true);
    const trimmer = new Trimmer({ log, scheduler, pauseMs: 1_000, onError: () => {} });
    tick();
    await eventually(2_000, () => calls.count > 3, "some trims");
    trimmer.stop();
    const { count } = calls;
    for (let n = 0; n < 5; n++) await scheduler.nextTurn();
    expect(calls.count).to.be.at.most(count + 1);
  });
});
