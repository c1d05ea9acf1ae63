import { expect } from "chai";
import { type Alarm, Alarms } from "../../src/core/alarms.ts";
import { ClockWatch } from "../../src/core/clock-watch.ts";
import { DiskWatch } from "../../src/core/disk-watch.ts";
import { Replacements } from "../../src/workers/replacements.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const GIB = 2 ** 30;

/** Clocks that stand still until they are moved, and what is to be called. */
class TestClock {
  now = 0;
  /** Unix ms at monotonic 0. */
  base = 1_700_000_000_000;
  readonly #every: { readonly ms: number; readonly run: () => void }[] = [];

  readonly monotonicMs = () => this.now;
  readonly unixMs = () => this.base + this.now;
  readonly every = (ms: number, run: () => void) => {
    const timer = { ms, run };
    this.#every.push(timer);
    return () => void this.#every.splice(this.#every.indexOf(timer), 1);
  };

  /** How many are still called. */
  get timers(): number {
    return this.#every.length;
  }

  /** Let time pass, in seconds. */
  pass(ms: number, each = () => {}): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 1_000;
      each();
      for (const { ms: pause, run } of [...this.#every]) if (this.now % pause === 0) run();
    }
  }
}

describe("alarms", () => {
  let clock: TestClock;
  let told: string[];
  let alarms: Alarms;

  beforeEach(() => {
    clock = new TestClock();
    told = [];
    alarms = new Alarms({
      unixNow: clock.unixMs,
      onBegin: ({ code }: Alarm) => told.push(`+${code}`),
      onEnd: ({ code }: Alarm) => told.push(`-${code}`),
    });
  });

  it("are told once when they begin and once when they end, and keep their beginning", () => {
    alarms.end("clock-jumped");
    alarms.begin("clock-jumped", "first");
    clock.now = 5;
    alarms.begin("events-not-taken", "other");
    alarms.begin("clock-jumped", "second");
    expect(alarms.list()).to.deep.equal([
      { code: "clock-jumped", since: clock.base, text: "second" },
      { code: "events-not-taken", since: clock.base + 5, text: "other" },
    ]);
    alarms.set("clock-jumped", null);
    alarms.set("clock-jumped", null);
    expect(told).to.deep.equal(["+clock-jumped", "+events-not-taken", "-clock-jumped"]);
    expect(alarms.list()).to.have.lengthOf(1);
  });

  describe("of the disk", () => {
    let free: number | null;
    let watch: DiskWatch;

    const start = (freeBytes: number) => {
      free = freeBytes;
      watch = new DiskWatch({ scheduler: clock, alarms, freeBytes: () => free });
    };
    /** Bytes that are written in each hour. */
    const fill = (ms: number, bytesPerHour: number) =>
      clock.pass(ms, () => {
        free = Math.max(0, Number(free) - bytesPerHour / 3_600);
      });

    it("begins where the disk will be full within a day, and says when", () => {
      start(20 * GIB);
      fill(3 * HOUR_MS, GIB);
      expect(alarms.list()[0]?.text).to.match(
        /^The disk of the log has 17,\d+ MiB left and will be full in (?:16|17) hours .*: make room/,
      );
      expect(told).to.deep.equal(["+disk-full-soon"]);
    });

    it("does not begin where the disk fills in more than a day, or does not fill", () => {
      start(40 * GIB);
      fill(4 * HOUR_MS, GIB);
      fill(4 * HOUR_MS, 0);
      fill(4 * HOUR_MS, -GIB);
      expect(told).to.deep.equal([]);
    });

    it("does not begin for one large batch right after the start", () => {
      start(10 * GIB);
      fill(MINUTE_MS, 60 * GIB); // a GiB
      fill(2 * HOUR_MS, 0);
      expect(told).to.deep.equal([]);
    });

    it("believes no few minutes about a day", () => {
      start(20 * GIB);
      fill(30 * MINUTE_MS, GIB);
      expect(told).to.deep.equal([]);
      fill(30 * MINUTE_MS, GIB);
      expect(told).to.deep.equal(["+disk-full-soon"]);
    });

    it("begins within minutes where the disk is full within the hour", () => {
      start(4 * GIB);
      fill(8 * MINUTE_MS, 6 * GIB);
      expect(told).to.deep.equal(["+disk-full-soon"]);
      expect(alarms.list()[0]?.text).to.match(/will be full in \d\d minutes/);
    });

    it("ends when there is room again, and does not come and go in between", () => {
      start(10 * GIB);
      fill(5 * HOUR_MS, GIB);
      expect(told).to.deep.equal(["+disk-full-soon"]);
      free = 200 * GIB;
      fill(7 * HOUR_MS, GIB / 100);
      expect(told).to.deep.equal(["+disk-full-soon", "-disk-full-soon"]);
    });

    it("needs a disk that can be asked, and stops to ask", () => {
      start(10 * GIB);
      free = null;
      clock.pass(HOUR_MS);
      expect(told).to.deep.equal([]);
      watch.stop();
      expect(clock.timers).to.equal(0);
    });
  });

  describe("of the clock", () => {
    for (const [what, ms, word] of [
      ["forward", 6_000, "forward by 6 s"],
      ["back", -3_600_000, "back by 3600 s"],
    ] as const) {
      it(`begins when it jumps ${what}, and ends an hour after the last jump`, () => {
        new ClockWatch({ scheduler: clock, alarms });
        clock.pass(10_000);
        clock.base += ms;
        clock.pass(2_000);
        expect(alarms.list()[0]?.text).to.include(word);
        clock.pass(HOUR_MS / 2);
        clock.base += ms;
        clock.pass(HOUR_MS - MINUTE_MS);
        expect(told).to.deep.equal(["+clock-jumped"]);
        clock.pass(2 * MINUTE_MS);
        expect(told).to.deep.equal(["+clock-jumped", "-clock-jumped"]);
      });
    }

    it("does not begin where a time service puts the clock right in small steps", () => {
      const watch = new ClockWatch({ scheduler: clock, alarms });
      clock.pass(10 * MINUTE_MS, () => {
        clock.base += 500;
      });
      clock.base += 5_000;
      clock.pass(MINUTE_MS);
      expect(told).to.deep.equal([]);
      watch.stop();
      expect(clock.timers).to.equal(0);
    });
  });

  describe("of workers", () => {
    it("begin with the third replacement within an hour, and end when these are older", () => {
      const said: (string | null)[] = [];
      const replacements = new Replacements(clock.monotonicMs, (text) => said.push(text));
      replacements.add("SIGKILL");
      clock.now += HOUR_MS;
      replacements.add("SIGKILL");
      clock.now += 1;
      replacements.add("exit code 1");
      expect(replacements.alarm).to.equal(null);
      replacements.add("SIGSEGV");
      expect(replacements.alarm).to.match(/3 or more .* within the last hour \(.*SIGSEGV\): look/);
      clock.now += HOUR_MS - 2;
      replacements.look();
      expect(said).to.have.lengthOf(1);
      clock.now += 1;
      replacements.look();
      expect(said).to.deep.equal([said[0], null]);
      clock.now += 2;
      replacements.add("SIGKILL");
      expect(said).to.have.lengthOf(2);
    });
  });
});
