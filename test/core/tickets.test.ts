import { expect } from "chai";
import { Tickets } from "../../src/core/tickets.ts";
import { ForeverframeError } from "../../src/errors.ts";
import { nodeScheduler } from "../../src/process/node-scheduler.ts";

const TICKET = {
  channels: ["a"],
  client: null,
  mayNameClient: false,
  principal: null,
  expiresAt: null,
};

describe("tickets that fill their room", () => {
  it("leave room for a holder that has fewer: the one with most loses its oldest", () => {
    let made = 0;
    const tickets = new Tickets(nodeScheduler, () => `t${made++}`);
    for (let n = 0; n < 10_000; n++) tickets.issue(TICKET, `greedy ${n % 10}`);
    const one = tickets.issue(TICKET, "modest");
    expect(tickets.take("t0"), "the oldest").to.equal(null);
    expect(tickets.take("t1")).to.equal(TICKET);
    expect(tickets.take(one)).to.equal(TICKET);
    expect(() => tickets.issue(TICKET, "greedy 5"))
      .to.throw(ForeverframeError)
      .with.property("code", "FF_TICKETS_TOO_MANY");
  });

  it("weigh as much as their selectors are long", () => {
    let made = 0;
    const tickets = new Tickets(nodeScheduler, () => `t${made++}`);
    const long = { ...TICKET, channels: Array.from({ length: 64 }, () => "a".repeat(256)) };
    let issued = 0;
    for (let n = 0; n < 10_000; n++) {
      try {
        tickets.issue(long, `holder ${n % 1_000}`);
        issued++;
      } catch (error) {
        expect(error).to.have.property("code", "FF_TICKETS_TOO_MANY");
      }
    }
    expect(issued).to.be.within(500, 625);
    expect(tickets.take(tickets.issue(TICKET, "modest"))).to.equal(TICKET);
  });

  it("are refused where all holders have the same", () => {
    let made = 0;
    const tickets = new Tickets(nodeScheduler, () => `t${made++}`);
    for (let n = 0; n < 10_000; n++) tickets.issue(TICKET, `holder ${n}`);
    expect(() => tickets.issue(TICKET, "another"))
      .to.throw(ForeverframeError)
      .with.property("code", "FF_TICKETS_TOO_MANY");
    expect(tickets.take("t0")).to.equal(TICKET);
  });
});
