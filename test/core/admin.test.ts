import { expect } from "chai";
import { Admin, type AdminOptions } from "../../src/core/admin.ts";
import { listRequest } from "../../src/core/stream-list.ts";

describe("what an admin asks for while long-poll streams move between processes", () => {
  /** Answers of this process and of another one, a pair for each time that they are asked. */
  function adminOf(answers: readonly (readonly [here: unknown, there: unknown])[]) {
    let asked = 0;
    const local = async () => answers[asked]?.[0];
    const ask = async () => ({ answers: [answers[asked++]?.[1]], silent: 0 });
    const options = { local: { endAll: local, list: local }, bus: { ask } };
    return { admin: new Admin(options as unknown as AdminOptions), asked: () => asked };
  }

  it("closes one that was in neither answer", async () => {
    const { admin } = adminOf([
      [0, 0],
      [1, 0],
    ]);
    expect(await admin.closeAll({ handle: 7 }, null)).to.equal(1);
  });

  it("asks three times for one that is nowhere, and once for all of a client", async () => {
    for (const [of, times] of [
      [{ handle: 7 }, 3],
      [{ client: "panel" }, 1],
    ] as const) {
      const { admin, asked } = adminOf(Array.from({ length: 4 }, () => [0, 0]));
      expect(await admin.closeAll(of, null)).to.equal(0);
      expect(asked()).to.equal(times);
    }
  });

  it("lists and counts one once that is in both answers", async () => {
    const listOf = (...handles: number[]) => ({
      streams: handles.map((handle) => ({
        place: { rank: handle, handle },
        summary: { handle, transport: "poll" },
      })),
      total: handles.length,
    });
    const { admin } = adminOf([[listOf(1, 2, 4), listOf(2, 3)]]);
    const { streams, total } = await admin.list(listRequest(0, 100));
    expect(streams.map(({ handle }) => handle)).to.deep.equal([1, 2, 3, 4]);
    expect(total).to.equal(4);
  });
});
