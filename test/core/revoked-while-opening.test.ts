import { expect } from "chai";
import { parseSelectors } from "../../src/core/channel-name.ts";
import { DelayedWorld } from "../support/delayed-world.ts";
import { openRequest } from "../support/open-request.ts";

describe("a stream that is being opened", () => {
  it("ends at once if what allows it is taken back meanwhile", async () => {
    const { hub } = await DelayedWorld.start(() => 5);
    const written: string[] = [];
    const sink = {
      writable: true,
      queuedBytes: 0,
      listen: () => {},
      reachedTip: () => {},
      write: (piece: Buffer) => void written.push(piece.toString()),
      end: (piece: Buffer) => void written.push(piece.toString()),
      destroy: () => {},
    };
    const principal = { subject: "alice", tokenId: null, issuedAt: 1, keyId: null };
    const start = { from: "last", count: 10 } as const;
    const opening = hub.open(openRequest(parseSelectors("a"), sink, { start, principal }));
    const revocation = { kind: "sub", value: "alice", before: 2, until: null } as const;
    expect(await hub.admin.revoke(revocation), "ended: it was not open yet").to.equal(0);
    await opening;
    expect(written.at(-1)).to.contain('"reason":"expired"');
    expect(hub.openStreams).to.equal(0);
  });
});
