import { expect } from "chai";
import { SteadyClock } from "../../src/core/steady-clock.ts";

const START = 1_795_304_019_000;
const YEAR = 365 * 86_400_000;

describe("SteadyClock", () => {
  let wall: number;
  let monotonic: number;
  const create = (newest: number | null) =>
    new SteadyClock({ now: () => wall, monotonicMs: () => monotonic, newest });
  const pass = (ms: number) => {
    wall += ms;
    monotonic += ms;
  };

  beforeEach(() => {
    wall = START;
    monotonic = 5;
  });

  it("is the wall clock while that goes on as time does, give or take some seconds", () => {
    const clock = create(null);
    for (const [passed, drift] of [
      [1_000, 0],
      [86_400_000, 9_000],
      [10, -9_000],
      [3_600_000, 10_000],
    ] as const) {
      pass(passed);
      wall += drift;
      expect(clock.now()).to.equal(wall);
    }
  });

  it("goes on as before while the wall clock is ahead for less than a minute", () => {
    const clock = create(START);
    wall += YEAR;
    expect(clock.now()).to.equal(START);
    pass(59_999);
    expect(clock.now()).to.equal(START + 59_999);
    wall -= YEAR;
    expect(clock.now()).to.equal(wall);
    pass(1);
    wall += YEAR;
    expect(clock.now(), "another jump has a minute of its own").to.equal(START + 60_000);
  });

  it("believes a jump that has lasted for a minute, also when nobody asked meanwhile", () => {
    const clock = create(START);
    wall += YEAR;
    clock.now();
    pass(60_000);
    expect(clock.now()).to.equal(wall);
  });

  it("counts the minute anew when the wall clock jumps on", () => {
    const clock = create(START);
    wall += YEAR;
    clock.now();
    pass(50_000);
    wall += YEAR;
    clock.now();
    pass(50_000);
    expect(clock.now()).to.equal(START + 100_000);
    pass(10_000);
    expect(clock.now()).to.equal(wall);
  });

  it("believes a jump back at once", () => {
    const clock = create(START);
    wall -= YEAR;
    expect(clock.now()).to.equal(wall);
  });

  it("starts with the wall clock where nothing happened yet, or something 10 minutes ago", () => {
    expect(create(null).now()).to.equal(START);
    expect(create(START - 600_000).now()).to.equal(START);
    expect(create(START + YEAR).now()).to.equal(START);
  });

  it("starts at the newest that happened where that is longer ago, for a minute", () => {
    const clock = create(START - 600_001);
    pass(59_999);
    expect(clock.now()).to.equal(START - 600_001 + 59_999);
    pass(1);
    expect(clock.now()).to.equal(wall);
  });
});
