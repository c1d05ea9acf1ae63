import { expect } from "chai";
import type { Context } from "koa";
import { parseChannelName } from "../../src/core/channel-name.ts";
import { ChannelGrants, GrantRoom } from "../../src/http/publish-connection/channel-grants.ts";
import { nodeScheduler } from "../../src/process/node-scheduler.ts";

describe("what publish connections may do", () => {
  const channel = (n: number) => parseChannelName(`c${n}`);
  const open = (room: GrantRoom) =>
    new ChannelGrants({} as Context, {
      authorization: {
        check: async () => ({ client: null, principal: null, selectors: null, expiresInMs: null }),
      } as never,
      revocations: { concern: () => false },
      scheduler: nodeScheduler,
      room,
      onFault: (cause) => {
        throw cause;
      },
    });

  it("is remembered for few channels of each where others have taken the room for all", async () => {
    const room = new GrantRoom();
    room.left = 300;
    const [first, second] = [open(room), open(room)];
    for (let n = 0; n < 400; n++) await first.ask(channel(n));
    expect(room.left).to.equal(0);
    expect(first.get("c0")).to.equal(null);
    expect(first.get("c399")).to.deep.include({ channel: "c399" });
    for (let n = 0; n < 100; n++) await second.ask(channel(n));
    expect(room.left).to.equal(-64);
    expect(second.get("c35")).to.equal(null);
    expect(second.get("c36")).to.deep.include({ channel: "c36" });
    first.close();
    second.close();
    expect(room.left).to.equal(300);
  });

  it("takes no room for an answer that comes when the client has gone", async () => {
    const room = new GrantRoom();
    const { left } = room;
    const grants = open(room);
    const asked = grants.ask(channel(1));
    grants.close();
    await asked;
    expect(room.left).to.equal(left);
  });
});
