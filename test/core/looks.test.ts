import { expect } from "chai";
import type { ChannelClients, ProcessFigures } from "../../src/core/figures.ts";
import { Insight, type InsightOptions } from "../../src/core/insight.ts";
import { Looks } from "../../src/core/looks.ts";

describe("looks at all streams", () => {
  /** Looks that end when the test says so. */
  function heldLooks(looks: Looks<number>) {
    const ends: (() => void)[] = [];
    const take = (key: string) =>
      looks.take(key, () => {
        const number = ends.length;
        return new Promise((resolve) => ends.push(() => resolve(number)));
      });
    return { ends, take };
  }

  it("share one look if they are equal and it has not begun", async () => {
    const { ends, take } = heldLooks(new Looks<number>(1));
    const first = take("doors");
    const others = Array.from({ length: 1_000 }, () => take("doors"));
    expect(ends).to.have.lengthOf(1);
    ends[0]?.();
    expect(await first).to.equal(0);
    // What the first saw may be older than the questions of the others.
    expect(ends).to.have.lengthOf(2);
    ends[1]?.();
    expect(new Set(await Promise.all(others))).to.deep.equal(new Set([1]));
  });

  it("are under way only so many at once", async () => {
    const { ends, take } = heldLooks(new Looks<number>(2));
    const all = ["a", "b", "c", "d"].map(take);
    expect(ends).to.have.lengthOf(2);
    for (let begun = 2; begun < 4; begun++) {
      ends[begun - 2]?.();
      await all[begun - 2];
      expect(ends).to.have.lengthOf(begun + 1);
    }
    ends[2]?.();
    ends[3]?.();
    expect(await Promise.all(all)).to.deep.equal([0, 1, 2, 3]);
  });

  it("are refused if more than so many different ones wait", async () => {
    const { ends, take } = heldLooks(new Looks<number>(1, 2));
    const taken = ["a", "b", "c"].map(take);
    const refused = await take("d").catch((error: unknown) => error);
    expect(refused).to.have.property("code", "FF_QUESTIONS_TOO_MANY");
    const shared = take("c");
    for (const look of taken) {
      ends.at(-1)?.();
      await look;
    }
    expect(await shared).to.equal(2);
  });

  it("go on after one that failed", async () => {
    const looks = new Looks<number>(1);
    const failed = looks.take("a", () => Promise.reject(new Error("silent")));
    const next = looks.take("b", async () => 2);
    expect(await failed.catch(({ message }: Error) => message)).to.equal("silent");
    expect(await next).to.equal(2);
  });

  it("are few, however many ask for the clients of a channel and for figures", async () => {
    const asked = { clientsOf: 0, figures: 0 };
    const bus = {
      ask: async (question: keyof typeof asked) => {
        asked[question]++;
        await new Promise(setImmediate);
        return { answers: [], silent: 0 };
      },
    };
    const local = {
      clientsOf: async (): Promise<ChannelClients> => ({ clients: ["panel"], unnamed: 0 }),
      figures: async () => ({ worker: 0 }) as ProcessFigures,
    };
    const insight = new Insight({ bus, local } as unknown as InsightOptions);
    const askers = Array.from({ length: 500 });
    const presence = await Promise.all(askers.map(() => insight.clientsOf("doors")));
    const figures = await Promise.all(askers.map(() => insight.figures()));
    expect(new Set(presence.map(({ clients }) => clients.join()))).to.deep.equal(
      new Set(["panel"]),
    );
    expect(new Set(figures.map(({ processes }) => processes.length))).to.deep.equal(new Set([1]));
    expect(asked).to.deep.equal({ clientsOf: 3, figures: 2 });
  });
});
