import { expect } from "chai";
import type { Bus, Peer } from "../../src/core/bus.ts";
import { eventually } from "../support/within.ts";

/** A bus between processes, each of which joins with its own end of it. */
export interface BusSystem {
  join(): Promise<BusEnd>;
  stop(): Promise<void>;
}

/** One process's end. */
interface BusEnd {
  readonly bus: Bus;
  /** It hangs from now on: what is sent to it waits. */
  hang(): void;
  /** Its process ends. */
  die(): void;
}

/** Answers as it is told, and keeps what it was called with. */
class RecordingPeer {
  readonly calls: unknown[][] = [];
  readonly answers: Partial<Record<keyof Peer, unknown>> = {};

  /** All methods of a peer. */
  get peer(): Peer {
    return new Proxy({} as Peer, {
      get:
        (_, method: keyof Peer) =>
        (...about: unknown[]) => {
          this.calls.push([method, ...about]);
          return Promise.resolve(this.answers[method] ?? null);
        },
    });
  }

  times(method: keyof Peer): number {
    return this.calls.filter(([called]) => called === method).length;
  }
}

/** What every bus between processes does. */
export function describeBus(name: string, start: () => Promise<BusSystem>): void {
  describe(`a bus ${name}`, function () {
    this.timeout(15_000);
    let system: BusSystem;

    beforeEach(async () => {
      system = await start();
    });
    afterEach(() => system.stop());

    const join = async () => {
      const end = await system.join();
      const recording = new RecordingPeer();
      end.bus.listen(recording.peer);
      return { ...end, recording };
    };
    const receipt = {
      stream: "s",
      closed: true,
      reason: "client",
      cursor: "e.1",
      acked: null,
      messages: 1,
      bytes: 2,
      openMs: 3,
    } as const;

    it("tells all others, and not oneself", async () => {
      const ends = [await join(), await join(), await join()];
      const owner = { client: "kiosk-7", subject: "alice" };
      ends[0]?.bus.tell("noticeClosed", receipt, owner);
      for (const { recording } of ends.slice(1)) {
        await eventually(2_000, () => recording.calls.length === 1, "the notice");
        expect(recording.calls).to.deep.equal([["noticeClosed", receipt, owner]]);
      }
      expect(ends[0]?.recording.calls).to.deep.equal([]);
    });

    it("makes many hints few, and lets the last one through", async () => {
      const [one, other] = [await join(), await join()];
      for (let n = 0; n < 1_000; n++) one.bus.tell("noticeAppended");
      await eventually(2_000, () => other.recording.times("noticeAppended") === 2, "two hints");
      one.bus.tell("noticeAppended");
      await eventually(2_000, () => other.recording.times("noticeAppended") === 3, "another");
    });

    it("asks all others, and has the answers of all", async () => {
      const ends = [await join(), await join(), await join()];
      ends.forEach(({ recording }, n) => {
        recording.answers.endAll = n;
      });
      const all = await ends[0]?.bus.ask("endAll", { client: "panel" }, null);
      expect(all?.answers.toSorted()).to.deep.equal([1, 2]);
      expect(all?.silent).to.equal(0);
      expect(ends[1]?.recording.calls).to.deep.equal([["endAll", { client: "panel" }, null]]);
    });

    it("finds what one of the others has, and says when none has it", async () => {
      const [one, , other] = [await join(), await join(), await join()];
      other.recording.answers.close = receipt;
      expect(await one.bus.find("close", "s", "client", null)).to.deep.include({ found: receipt });
      expect(await one.bus.find("giveAway", "s", "doors", null)).to.deep.equal({
        found: null,
        silent: 0,
      });
    });

    it("lets one after the other ask for a stream to be given away", async () => {
      const [one, two, home] = [await join(), await join(), await join()];
      let giveAway = (_: null) => {};
      home.recording.answers.giveAway = new Promise<null>((resolve) => {
        giveAway = resolve;
      });
      const first = one.bus.find("giveAway", "s", "doors", null);
      await eventually(2_000, () => home.recording.times("giveAway") === 1, "the first question");
      const second = two.bus.find("giveAway", "s", "doors", null);
      await two.bus.ask("endAll", { client: "panel" }, null); // what was said before has gone round
      expect(home.recording.times("giveAway")).to.equal(1);
      giveAway(null);
      expect(await first).to.deep.equal({ found: null, silent: 0 });
      expect(await second).to.deep.equal({ found: null, silent: 0 });
      expect(home.recording.times("giveAway")).to.equal(2);
    });

    it("lets the next ask for a stream only when all have answered, though one has given it away", async () => {
      const [one, two, home, slow] = [await join(), await join(), await join(), await join()];
      const record = { acked: null, messages: 0, bytes: 0, openedAt: 1, handle: 1 };
      home.recording.answers.giveAway = record;
      let answer = (_: null) => {};
      slow.recording.answers.giveAway = new Promise<null>((resolve) => {
        answer = resolve;
      });
      const { found } = await one.bus.find("giveAway", "s", "doors", null);
      expect(found).to.deep.equal(record);
      const second = two.bus.find("giveAway", "s", "doors", null);
      await two.bus.ask("endAll", { client: "panel" }, null);
      expect(home.recording.times("giveAway")).to.equal(1);
      answer(null);
      expect((await second).found).to.deep.equal(record);
    });

    it("has no answers when it is alone", async () => {
      const { bus } = await join();
      bus.tell("noticeAppended");
      expect(await bus.ask("endAll", { channel: "doors" }, null)).to.deep.equal({
        answers: [],
        silent: 0,
      });
      expect(await bus.find("state", "s")).to.deep.equal({ found: null, silent: 0 });
    });

    it("says how many are silent, and does not wait for them when it has found", async () => {
      const [one, hanging, other] = [await join(), await join(), await join()];
      hanging.hang();
      other.recording.answers.endAll = 7;
      other.recording.answers.acknowledge = false;
      const began = performance.now();
      expect(await one.bus.find("acknowledge", "s", "e.1")).to.deep.include({ found: false });
      expect(performance.now() - began, "ms").to.be.below(1_500);
      const [all, nothing] = await Promise.all([
        one.bus.ask("endAll", { client: "panel" }, null),
        one.bus.find("state", "s"),
      ]);
      expect(all).to.deep.equal({ answers: [7], silent: 1 });
      expect(nothing).to.deep.equal({ found: null, silent: 1 });
    });

    it("does not wait for one that ends before it answers", async () => {
      const [one, other] = [await join(), await join()];
      other.hang();
      const asking = one.bus.ask("endAll", { client: "panel" }, null);
      other.die();
      expect(await asking).to.deep.equal({ answers: [], silent: 0 });
    });

    it("answers what is still asked when it is closed", async () => {
      const [one, other] = [await join(), await join()];
      other.hang();
      const asking = one.bus.find("state", "s");
      await one.bus.close();
      expect(await asking).to.deep.include({ found: null });
    });
  });
}
