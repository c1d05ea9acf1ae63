import { expect } from "chai";
import { ChannelRates } from "../../src/core/channel-rates.ts";
import type { MessageLog } from "../../src/core/log.ts";
import { Publisher } from "../../src/core/publisher.ts";
import { Tally } from "../../src/core/tally.ts";
import { newMessage } from "../support/messages.ts";

describe("Publisher", () => {
  const publish = (data: readonly string[], maxPendingBytes: number) => {
    const log = { append: async () => ["id"] } as unknown as MessageLog;
    const now = () => 0;
    const publisher = new Publisher({
      log,
      maxPendingBytes,
      tally: new Tally(),
      rates: new ChannelRates(now),
      now,
      onAppended: () => {},
    });
    const messages = data.map((text, n) => newMessage(`c${n}`, text));
    return publisher.publish({ messages }).catch((error: unknown) => error);
  };

  it("counts data once that many messages of a publish share, and other data as it is", async () => {
    const shared = "x".repeat(1_000);
    const spread = Array.from({ length: 1_000 }, () => shared);
    expect(await publish(spread, 1_000)).to.deep.equal(["id"]);
    expect(await publish(spread, 999)).to.have.property("code", "FF_BATCH_TOO_LARGE");
    expect(await publish([...spread, "y", "y"], 1_002)).to.deep.equal(["id"]);
    expect(await publish([...spread, "y", "y"], 1_001)).to.have.property("code");
  });
});
