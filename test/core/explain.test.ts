import { expect } from "chai";
import { type ClientFacts, explain, type StreamFacts } from "../../src/core/explain.ts";

const cursor = (n: number) => `epoch.${n.toString(36).padStart(13, "0")}`;
const ID = cursor(50);

const OPEN: StreamFacts = {
  handle: 3,
  address: "10.0.0.7",
  channels: ["doors.*"],
  transport: "frame",
  openedAt: 1_000,
  start: cursor(10),
  cursor: cursor(60),
  acked: null,
  closedAt: null,
  queuedBytes: 0,
  silentSince: 1_500,
};
const NOTHING: ClientFacts = {
  streams: [],
  gaps: [],
  excerpts: [],
  refused: [],
  deliveredAt: null,
};
const GAP = {
  at: 1_700,
  handle: 3,
  client: "panel",
  gap: { after: cursor(40), upTo: cursor(55), channels: ["doors.north"], reason: "expired" },
} as const;

const EXCERPT = {
  at: 1_600,
  handle: 3,
  client: "panel",
  after: cursor(40),
  upTo: cursor(55),
  newest: 1,
  sinceMs: null,
} as const;

describe("explain", () => {
  const ask = (facts: Partial<ClientFacts>, channel: string | null = "doors.north") =>
    explain(
      "panel",
      { id: ID, channel, time: 900, later: [cursor(52), cursor(58)] },
      [NOTHING, { ...NOTHING, ...facts }],
      2_000,
    );

  const closed = { closedAt: 1_900, reason: "slow" } as const;
  const refused = {
    at: 1_200,
    client: "panel",
    address: null,
    route: "GET /stream",
    code: "FF_FORBIDDEN",
  } as const;
  for (const [what, facts, channel, verdict] of [
    ["given", { streams: [OPEN] }, "doors.north", "given"],
    ["acknowledged", { streams: [{ ...OPEN, acked: ID }] }, "doors.north", "acknowledged"],
    ["not reached", { streams: [{ ...OPEN, cursor: cursor(49) }] }, "doors.north", "waiting"],
    ["of another channel", { streams: [OPEN] }, "gates.north", "not-subscribed"],
    ["before the start", { streams: [{ ...OPEN, start: ID }] }, "doors.north", "opened-later"],
    ["of another epoch", { streams: [{ ...OPEN, start: `o${ID}` }] }, null, "opened-later"],
    [
      "beyond the end",
      { streams: [{ ...OPEN, ...closed, cursor: cursor(49) }] },
      "doors.north",
      "closed-before",
    ],
    ["removed before it was read", { streams: [OPEN], gaps: [GAP] }, null, "gap"],
    ["kept although a gap was told", { streams: [OPEN], gaps: [GAP] }, "doors.north", "given"],
    ["of a client that was refused", { refused: [refused] }, "doors.north", "refused"],
    [
      "one of those that were not the newest",
      { streams: [OPEN], excerpts: [EXCERPT] },
      "doors.north",
      "passed-over",
    ],
    [
      "the newest of what was asked for",
      { streams: [OPEN], excerpts: [{ ...EXCERPT, newest: 2 }] },
      "doors.north",
      "given",
    ],
    [
      "from before a time",
      { streams: [OPEN], excerpts: [{ ...EXCERPT, newest: null, sinceMs: 901 }] },
      "doors.north",
      "passed-over",
    ],
    [
      "in what it is not given yet",
      { streams: [{ ...OPEN, cursor: cursor(49) }], excerpts: [EXCERPT] },
      "doors.north",
      "waiting",
    ],
    ["of nobody", {}, "doors.north", "client-unknown"],
    ["of nobody, and not kept", {}, null, "expired"],
  ] as const) {
    it(`says "${verdict}" of a message that is ${what}`, () => {
      const explanation = ask(facts, channel);
      expect(explanation).to.include({ client: "panel", id: ID, channel, verdict });
      expect(explanation.sentence).to.match(/^[A-Z].*\.$/);
      expect(explanation.facts.map(({ at }) => at)).to.deep.equal(
        explanation.facts.map(({ at }) => at).toSorted((a, b) => a - b),
      );
    });
  }

  it("promises a message to a client that resumes only while the log keeps it", () => {
    const facts = { streams: [{ ...OPEN, ...closed, cursor: cursor(49) }] };
    expect(ask(facts).sentence).to.match(/A client that resumes from its cursor gets it\.$/);
    expect(ask(facts, null).sentence).to.match(/is told of a gap\.$/);
  });

  it("says the best of several streams, and the facts of all", () => {
    const later = { ...OPEN, handle: 4, start: ID };
    const { verdict, facts } = ask({ streams: [later, OPEN], refused: [refused] });
    expect(verdict).to.equal("given");
    const all = facts.map(({ what }) => what).join("\n");
    expect(all).to.contain("Stream 3 was opened").and.contain("Stream 4 was opened");
    expect(all).to.contain("FF_FORBIDDEN");
  });

  it("says when the streams that kept up were given the message, as far as the stream was open", () => {
    const during = ask({ streams: [OPEN], deliveredAt: 1_600 });
    expect(during.facts.map(({ at }) => at)).to.include(1_600);
    const before = ask({ streams: [OPEN], deliveredAt: 900 });
    expect(before.facts.map(({ at }) => at)).to.not.include(900);
  });
});
