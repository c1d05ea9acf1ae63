import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import {
  ask,
  dataOf,
  expectFrameRefusal,
  expectProblem,
  kept,
  messagesOf,
  untilMessages,
} from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

const NAMES = ["a", "b", "a.b", "a.c", "c.b", "a.b.c", "a.b.c.d"] as const;

/** Selectors and which of {@link NAMES} they match. */
const PATTERNS: readonly (readonly [string, readonly string[]])[] = [
  ["*", ["a", "b"]],
  ["a.*", ["a.b", "a.c"]],
  ["*.b", ["a.b", "c.b"]],
  ["*.*.c", ["a.b.c"]],
  ["a.**", ["a.b", "a.c", "a.b.c", "a.b.c.d"]],
  ["*.*.**", ["a.b.c", "a.b.c.d"]],
  ["**", NAMES],
  ["a.b", ["a.b"]],
];

/** What no channel's name may hold, percent-encoded; and no selector either. */
const BAD_NAMES = {
  "a NUL": "a%00",
  "a line end": "a%0Ab",
  "a DEL": "a%7F",
  "a slash": "a%2Fb",
  "an empty first segment": ".a",
  "an empty middle segment": "a..b",
  "an empty last segment": "a.",
  "nothing but dots": "...",
  "129 bytes": "a".repeat(129),
  "129 bytes of longer characters": `${"%C3%A9".repeat(64)}a`,
  "a broken percent-encoding": "a%zz",
  "a percent-encoding that is not UTF-8": "a%FF",
  "an overlong form of a slash": "a%C0%AFb",
};

describe("the channels of a stream", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("are given together, in the order of the log", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors,lifts");
    const ids: string[] = [];
    for (let n = 0; n < 10; n += 1) {
      ids.push(await publishJson(url, n % 3 === 0 ? "lifts" : "doors", n));
    }
    const messages = messagesOf(await untilMessages(connection, 10));
    expect(messages.map((message) => message["id"])).to.deep.equal(ids);
    expect([...ids].sort()).to.deep.equal(ids);
  });

  it("are given in one order to all streams when publishers do not wait for one another", async () => {
    const { url } = await startTestServer();
    const first = await openFrame(url, "channels=**");
    const second = await openFrame(url, "channels=c0,c1,c2,c3");
    const ids = await Promise.all(
      Array.from({ length: 200 }, (_, n) => publishJson(url, `c${n % 4}`, n)),
    );
    const sorted = [...ids].sort();
    for (const { connection } of [first, second]) {
      const messages = messagesOf(await untilMessages(connection, 200));
      expect(messages.map((message) => message["id"])).to.deep.equal(sorted);
    }
  });

  for (const [selector, expected] of PATTERNS) {
    it(`${selector} matches ${expected.join(" ")} of ${NAMES.join(" ")}, live and kept`, async () => {
      const { url } = await startTestServer();
      const live = await openFrame(url, `channels=${selector},end`);
      for (const name of [...NAMES, "end"]) await publishJson(url, name, name);
      const later = await openFrame(url, `channels=${selector},end&after=earliest`);
      for (const { connection } of [live, later]) {
        const events = await connection.untilEvents(
          (seen) => seen.some(({ channel }) => channel === "end"),
          "the last message",
        );
        expect(dataOf(events)).to.deep.equal([...expected, "end"]);
      }
    });
  }

  it("give a message once, however their selectors overlap", async () => {
    const { url } = await startTestServer();
    const selectors = "a.b,a.*,*.b,a.**,**,a.b,end";
    const live = await openFrame(url, `channels=${selectors}`);
    await publishJson(url, "a.b", 1);
    await publishJson(url, "end", 2);
    const later = await openFrame(url, `channels=${selectors}&last=1000`);
    for (const { connection } of [live, later]) {
      expect(dataOf(await untilMessages(connection, 2))).to.deep.equal([1, 2]);
    }
  });

  it("may be separated by encoded commas", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=a%2Cb");
    await publishJson(url, "a", 1);
    await publishJson(url, "b", 2);
    expect(dataOf(await untilMessages(connection, 2))).to.deep.equal([1, 2]);
  });

  it("may be 64, and not 65", async () => {
    const { url } = await startTestServer();
    const names = Array.from({ length: 65 }, (_, n) => `c${n}`);
    const { connection } = await openFrame(url, `channels=${names.slice(0, 64).join(",")}`);
    await publishJson(url, "c63", 1);
    await untilMessages(connection, 1);
    expectFrameRefusal(await ask(url, "GET", `/stream?channels=${names.join(",")}`), 400);
  });

  for (const query of ["", "channels=", "channels=,", "channels=a,", "channels=,a"]) {
    it(`are refused with 400 in "?${query}"`, async () => {
      const { url } = await startTestServer();
      expectFrameRefusal(await ask(url, "GET", `/stream?${query}`), 400);
      expectProblem(await ask(url, "GET", `/stream?transport=ndjson&${query}`), 400);
    });
  }

  for (const selector of ["**.a", "a.**.b", "**.**"]) {
    it(`are refused with 400 FF_SELECTOR_INVALID where ** is not last: ${selector}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", `/stream?channels=a,${selector}`);
      expectFrameRefusal(answer, 400, "FF_SELECTOR_INVALID");
    });
  }

  for (const [what, name] of Object.entries(BAD_NAMES)) {
    it(`are refused with 400 where a selector has ${what}`, async () => {
      const { url } = await startTestServer();
      expectFrameRefusal(await ask(url, "GET", `/stream?channels=good,${name}`), 400);
    });
  }
});

describe("the name of a channel", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const refused = { ...BAD_NAMES, "a comma": "a%2Cb", "a pattern *": "a.*", "a pattern **": "**" };
  for (const [what, name] of Object.entries(refused)) {
    it(`is refused with 400 by publish and by read when it has ${what}`, async () => {
      const { url } = await startTestServer();
      const headers = { "Content-Type": "application/json" };
      const path = `/channels/${name}/messages`;
      expectProblem(await ask(url, "POST", path, { headers, body: "1" }), 400);
      expectProblem(await ask(url, "GET", path), 400);
    });
  }

  for (const [what, name] of Object.entries({
    "128 bytes": "a".repeat(128),
    "128 bytes of longer characters": "é".repeat(64),
    "characters beyond the first plane": "🚪.norð",
    "spaces, quotes and markup": `<b> "it's" & \\ ? # %`,
    "a name that every object has": "__proto__.constructor",
  })) {
    it(`arrives as it was published when it has ${what}`, async () => {
      const { url } = await startTestServer();
      const { connection } = await openFrame(url, `channels=${encodeURIComponent(name)}`);
      await publishJson(url, name, 1);
      const events = await untilMessages(connection, 1);
      expect(events[1]?.["channel"]).to.equal(name);
      expect((await kept(url, name)).map(({ channel }) => channel)).to.deep.equal([name]);
    });
  }
});
