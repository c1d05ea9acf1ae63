import { expect } from "chai";
import { parseSelectors } from "../../src/core/channel-name.ts";
import { Encoding } from "../../src/core/transport.ts";
import { plainFraming } from "../../src/http/connection/framing.ts";
import { ndjsonTransport } from "../../src/transports/ndjson.ts";
import { DelayedWorld } from "../support/delayed-world.ts";

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
    const opening = hub.open({
      selectors: parseSelectors("a"),
      start: { from: "last", count: 10 },
      client: null,
      principal: { subject: "alice", tokenId: null, issuedAt: 1, keyId: null },
      takesOverFrom: null,
      latest: false,
      isGone: () => false,
      address: null,
      browser: null,
      expiresInMs: null,
      encoding: Encoding.of(ndjsonTransport, plainFraming),
      connect: () => sink,
    });
    const revocation = { kind: "sub", value: "alice", before: 2, until: null } as const;
    expect(await hub.admin.revoke(revocation), "ended: it was not open yet").to.equal(0);
    await opening;
    expect(written.at(-1)).to.contain('"reason":"expired"');
    expect(hub.openStreams).to.equal(0);
  });
});
