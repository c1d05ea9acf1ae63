import { createServer } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import express from "express";
import { ForeverframeError } from "../../src/errors.ts";
import { createForeverframe, type Foreverframe } from "../../src/foreverframe.ts";
import { defaultConfig } from "../../src/settings/config.ts";
import type { SubscriptionEvent } from "../../src/subscription-event.ts";
import { dataOf, listen, startLibrary, stopLibraries, take } from "../support/library.ts";
import { openFrame } from "../support/raw-http.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

const faultOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "no fault",
    (error: unknown) => (error instanceof ForeverframeError ? error.code : error),
  );

/** Bytes that the process holds, without what can be collected. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  await new Promise((resolve) => setTimeout(resolve, 50)); // buffers are freed later
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe("createForeverframe", () => {
  afterEach(stopLibraries);

  it("keeps what it published, and lets another one have the directory after its drain", async () => {
    const data = createTemporaryDirectory();
    const first = await startLibrary({ memory: false, data });
    const { id } = await first.publish("doors.north", { vid: 7 });
    await first.drain();
    const second = await startLibrary({ memory: false, data });
    const subscription = second.subscribe("doors.**", { after: "earliest" });
    const [event] = await take(subscription, 1);
    expect(event).to.deep.include({ type: "message", id, channel: "doors.north" });
    expect(event).to.have.property("data").deep.equal({ vid: 7 });
  });

  it("is disposed of by `await using`", async () => {
    const ff = await startLibrary();
    await ff[Symbol.asyncDispose]();
    expect(await faultOf(ff.publish("a", 1))).to.equal("FF_LOG_UNAVAILABLE");
    await ff.drain();
  });

  it("leaves the process as it is: no signal handlers, no listeners for faults, the same console", async () => {
    const listeners = () => process.eventNames().map((name) => process.listenerCount(name));
    const ofConsole = () => Object.values(Reflect.get(globalThis, "console"));
    const methods = ofConsole();
    const before = listeners();
    const [one, two] = [await startLibrary(), await startLibrary()];
    await one.publish("a", 1);
    await two.publish("a", 2);
    expect(listeners()).to.deep.equal(before);
    expect(ofConsole()).to.deep.equal(methods);
    const [first, second] = [one, two].map((ff) => ff.subscribe("a", { after: "earliest" }));
    expect(dataOf(await take(first as never, 1))).to.deep.equal([1]);
    expect(dataOf(await take(second as never, 1))).to.deep.equal([2]);
  });

  describe("refuses options", () => {
    const FAULTY: readonly (readonly [string, object])[] = [
      ["that are unknown", { datas: "./x" }],
      ["of a server that listens", { host: "0.0.0.0" }],
      ["of a server that listens", { port: 8080 }],
      ["out of their range", { heartbeatMs: 1 }],
      ["that are not whole", { maxStreams: 1.5 }],
      ["of another type", { memory: "yes" }],
      ["of another type", { allowedHosts: "push.example" }],
      ["of another type", { data: 7 }],
      ["with a faulty rule", { retention: ["log.**"] }],
      ["with a faulty origin", { allowedOrigins: ["intranet"] }],
      ["that are no functions", { authorize: true }],
      ["that are no loggers", { logger: {} }],
      ["with a token that can be guessed", { adminToken: "abc" }],
    ];
    for (const [what, options] of FAULTY) {
      it(`${what}: ${JSON.stringify(options)}`, async () => {
        const fault = await createForeverframe({ memory: true, ...options }).catch((e) => e);
        expect(fault)
          .to.be.instanceOf(ForeverframeError)
          .with.property("code", "FF_CONFIG_INVALID");
        const [name = ""] = Object.keys(options);
        const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        expect(fault.message)
          .to.match(new RegExp(`${name}|--${flag}`))
          .and.match(/: .+/);
      });
    }

    it("of a configuration that was made by hand as the command line does", () => {
      expect(() => defaultConfig({ host: "0.0.0.0" })).to.throw(ForeverframeError, /--open/);
      expect(() => defaultConfig({ port: 70_000 })).to.throw(ForeverframeError, /65535/);
      expect(defaultConfig({ host: "0.0.0.0", open: true }).host).to.equal("0.0.0.0");
    });
  });

  describe("publish", () => {
    it("takes any JSON value, and a display frame gets it as it was", async () => {
      const ff = await startLibrary();
      const url = await listen(createServer(ff.node));
      const { connection } = await openFrame(url, "channels=a");
      const values = [
        "</script><script>alert(1)</script>",
        '{"a":1}',
        null,
        [1, { b: "&\u2028" }],
        -1.5,
      ];
      for (const value of values) await ff.publish("a", value);
      const events = await connection.untilEvents((all) => all.length > values.length, "all");
      expect(events.slice(1).map(({ data }) => data)).to.deep.equal(values);
      expect(connection.body.split("</script>")).to.have.lengthOf(values.length + 3);
    });

    it("stores a repeat with the same key once", async () => {
      const ff = await startLibrary();
      const first = await ff.publish("a", 1, { idempotencyKey: "k" });
      const again = await ff.publish("a", 1, { idempotencyKey: "k" });
      expect(again).to.deep.equal(first);
      expect(await faultOf(ff.publish("a", 2, { idempotencyKey: "k" }))).to.equal(
        "FF_IDEMPOTENCY_CONFLICT",
      );
      expect(await faultOf(ff.publish("a", 2, { idempotencyKey: "" }))).to.equal(
        "FF_IDEMPOTENCY_KEY_INVALID",
      );
    });

    it("refuses what is not JSON, is too large, or has no channel", async () => {
      const ff = await startLibrary({ maxMessageBytes: 100 });
      const circle: { self?: unknown } = {};
      circle.self = circle;
      let deep: unknown = 1;
      for (let n = 0; n < 101; n++) deep = [deep];
      for (const value of [undefined, () => 1, 1n, circle, JSON.parse('{"__proto__":1}')])
        expect(await faultOf(ff.publish("a", value as never))).to.equal("FF_BODY_INVALID");
      expect(await faultOf(ff.publish("a", "x".repeat(99)))).to.equal("FF_MESSAGE_TOO_LARGE");
      expect(await faultOf(ff.publish("a.*", 1))).to.equal("FF_CHANNEL_INVALID");
      const roomy = await startLibrary();
      expect(await faultOf(roomy.publish("a", deep as never))).to.equal("FF_BODY_INVALID");
    });
  });

  describe("subscribe", () => {
    it("gives what is published after the call, in order, to all that want it", async () => {
      const ff = await startLibrary();
      await ff.publish("a", 0);
      const [names, patterns] = [ff.subscribe("a,b"), ff.subscribe(["*", "x.**"])];
      for (const channel of ["a", "b", "c", "x.y.z"]) await ff.publish(channel, channel);
      expect(dataOf(await take(names, 2))).to.deep.equal(["a", "b"]);
      expect(dataOf(await take(patterns, 4))).to.deep.equal(["a", "b", "c", "x.y.z"]);
    });

    it("goes from replay to live without losing or repeating a message", async () => {
      const ff = await startLibrary({ retainMessages: 10_000 }); // none is removed meanwhile
      const ids: string[] = [];
      for (let n = 0; n < 3_000; n++) ids.push((await ff.publish("a", n)).id);
      const subscription = ff.subscribe("a", { after: ids[999] });
      const reading = take(subscription, 3_000);
      for (let n = 3_000; n < 4_000; n++) await ff.publish("a", n);
      expect(dataOf(await reading)).to.deep.equal(
        Array.from({ length: 3_000 }, (_, n) => n + 1_000),
      );
      expect(dataOf(await take(ff.subscribe("a", { last: 2 }), 2))).to.deep.equal([3_998, 3_999]);
    });

    it("starts with the last of each channel, from a time on, or with the latest, and says when it has them", async () => {
      const ff = await startLibrary();
      for (const n of [1, 2, 3, 4]) await ff.publish(n % 2 === 0 ? "b" : "a", n);
      const typesOf = (events: readonly { readonly type: string }[]) =>
        events.map(({ type }) => type);
      const each = await take(ff.subscribe("*", { each: 1 }), 3);
      expect(typesOf(each)).to.deep.equal(["message", "message", "live"]);
      expect(dataOf(each.slice(0, 2))).to.deep.equal([3, 4]);
      const since = ff.subscribe("*", { since: new Date(0), latest: true });
      expect(typesOf(await take(since, 3))).to.deep.equal(["message", "message", "live"]);
      const future = ff.subscribe("*", { since: "2100-01-01T00:00:00+01:00" });
      expect(typesOf(await take(future, 1))).to.deep.equal(["live"]);
      const last = await take(ff.subscribe("*", { last: 1, live: true }), 2);
      expect(typesOf(last)).to.deep.equal(["message", "live"]);
      for (const options of [{ each: 101 }, { since: "yesterday" }, { each: 1, latest: true }])
        expect(() => ff.subscribe("*", options))
          .to.throw()
          .with.property("code", "FF_PARAMETER_INVALID");
    });

    it("tells what its reader was too slow for by a gap, and holds little for it meanwhile", async () => {
      const ff = await startLibrary({ retainMessages: 20, trimMs: 10 });
      const subscription = ff.subscribe("a");
      const before = await heldBytes();
      for (let n = 0; n < 2_000; n++) await ff.publish("a", [n, "x".repeat(20_000)]);
      await eventually(
        5_000,
        async () => ((await ff.channels())[0]?.messages ?? 99) <= 20,
        "the trim",
      );
      expect((await heldBytes()) - before, "bytes held of 40 MB").to.be.below(8_000_000);
      const events: SubscriptionEvent[] = [];
      for await (const event of subscription) {
        events.push(event);
        if (event.type === "message" && (event.data as number[])[0] === 1_999) break;
      }
      expect(events.some(({ type }) => type === "gap")).to.equal(true);
      const numbers = events.flatMap((event) =>
        event.type === "message" ? [(event.data as number[])[0] as number] : [],
      );
      expect(numbers).to.deep.equal([...numbers].sort((a, b) => a - b));
      expect(numbers.slice(-20)).to.deep.equal(Array.from({ length: 20 }, (_, n) => n + 1_980));
      await eventually(5_000, async () => (await ff.streams()).length === 0, "its stream to end");
    });

    it("goes on beyond the age at which other streams are to be opened again", async () => {
      const ff = await startLibrary({ maxStreamAgeMs: 50, heartbeatMs: 50 });
      const subscription = ff.subscribe("a");
      await eventually(
        5_000,
        async () => ((await ff.streams())[0]?.openMs ?? 0) > 300,
        "a subscription of several times that age",
      );
      await ff.publish("a", 1);
      expect(dataOf(await take(subscription, 1))).to.deep.equal([1]);
    });

    it("gives nothing more once its signal has ended it", async () => {
      const ff = await startLibrary();
      const abort = new AbortController();
      const subscription = ff.subscribe("a", { signal: abort.signal });
      for (let n = 0; n < 100; n++) await ff.publish("a", n);
      await take(subscription, 1);
      abort.abort();
      expect(await subscription.next()).to.deep.equal({ done: true, value: undefined });
    });

    it("ends by its signal, by break, by close and by drain", async () => {
      const ff = await startLibrary();
      const abort = new AbortController();
      const [bySignal, byClose, byDrain] = [
        ff.subscribe("a", { signal: abort.signal }),
        ff.subscribe("b"),
        ff.subscribe("c"),
      ];
      const waiting = [bySignal, byClose, byDrain].map((subscription) => take(subscription, 1));
      await eventually(5_000, async () => (await ff.streams()).length === 3, "three streams");
      abort.abort();
      expect(await waiting[0]).to.deep.equal([]);
      expect(await ff.close({ channel: "b" })).to.equal(1);
      expect(await waiting[1]).to.deep.equal([]);
      await ff.drain();
      expect(await waiting[2]).to.deep.equal([]);
      expect(dataOf(await take(ff.subscribe("a", { signal: abort.signal }), 1))).to.deep.equal([]);
    });

    it("throws at once what is wrong with its options, and by its loop what comes later", async () => {
      const ff = await startLibrary({ maxStreams: 1 });
      expect(() => ff.subscribe("a..b")).to.throw(ForeverframeError, /empty segment/);
      expect(() => ff.subscribe("a", { after: "x" })).to.throw(ForeverframeError, /cursor/);
      expect(() => ff.subscribe("a", { last: -1 })).to.throw(ForeverframeError, /last/);
      expect(() => ff.subscribe("a", { last: 1, after: "earliest" })).to.throw(ForeverframeError);
      const first = ff.subscribe("a");
      await eventually(5_000, async () => (await ff.streams()).length === 1, "the first");
      const second = ff.subscribe("a");
      expect(await faultOf(second.next())).to.equal("FF_STREAMS_TOO_MANY");
      expect((await second.next()).done).to.equal(true);
      await first.return?.();
      await eventually(5_000, async () => (await ff.streams()).length === 0, "its end");
    });
  });

  describe("with a wrong argument says so in one sentence", () => {
    const CALLS: readonly (readonly [string, string, (ff: Foreverframe) => unknown])[] = [
      ["no channel", "FF_CHANNEL_INVALID", (ff) => ff.publish(undefined as never, 1)],
      ["an array as a channel", "FF_CHANNEL_INVALID", (ff) => ff.publish(["a"] as never, 1)],
      ["no channels", "FF_SELECTOR_INVALID", (ff) => ff.subscribe(undefined as never)],
      ["an empty list of channels", "FF_SELECTOR_INVALID", (ff) => ff.subscribe([])],
      ["a number as a selector", "FF_SELECTOR_INVALID", (ff) => ff.subscribe(["a", 7] as never)],
      [
        "a number as a cursor",
        "FF_CURSOR_INVALID",
        (ff) => ff.subscribe("a", { after: 7 as never }),
      ],
      ["nothing to close", "FF_PARAMETER_INVALID", (ff) => ff.close({} as never)],
      ["no client", "FF_PARAMETER_INVALID", (ff) => ff.close({ client: undefined as never })],
      ["two to close", "FF_PARAMETER_INVALID", (ff) => ff.close({ client: "a", channel: "b" })],
      ["a handle that is none", "FF_PARAMETER_INVALID", (ff) => ff.close({ handle: "1" as never })],
      [
        "too long a text for a close",
        "FF_PARAMETER_INVALID",
        (ff) => ff.close({ client: "a" }, { text: "x".repeat(501) }),
      ],
      [
        "a text that is none",
        "FF_PARAMETER_INVALID",
        (ff) => ff.close({ client: "a" }, { text: 7 as never }),
      ],
      ["no server", "FF_CONFIG_INVALID", (ff) => ff.attach(express() as never, { path: "/push" })],
      ["no path", "FF_CONFIG_INVALID", (ff) => ff.attach(createServer(), { path: "push" })],
    ];
    for (const [what, code, call] of CALLS) {
      it(`${what} is ${code}`, async () => {
        const ff = await startLibrary();
        const fault = await Promise.resolve(ff)
          .then(call)
          .catch((error: unknown) => error);
        expect(fault).to.be.instanceOf(ForeverframeError).with.property("code", code);
        expect(String(fault)).to.match(/: give|: begin/);
      });
    }

    it("takes null for no cursor, as the client does", async () => {
      const ff = await startLibrary();
      await ff.publish("a", 1);
      const subscription = ff.subscribe("a", { after: null });
      await ff.publish("a", 2);
      expect(dataOf(await take(subscription, 1))).to.deep.equal([2]);
    });
  });

  it("says what the application says with a close, to one stream and to many", async () => {
    const ff = await startLibrary({ open: true });
    const url = await listen(createServer(ff.node));
    const text = "x".repeat(500);
    const ends = async (close: () => Promise<unknown>, wanted: string | undefined) => {
      const { connection } = await openFrame(url, "channels=a&client=kiosk");
      const answer = await close();
      const isClosed = (events: readonly { type: string }[]) => events.at(-1)?.type === "close";
      const events = await connection.untilEvents(isClosed, "the close");
      expect(events.at(-1)).to.include({ reason: "admin" });
      expect(events.at(-1)?.["text"]).to.equal(wanted);
      return answer;
    };
    const handle = async () => Number((await ff.streams())[0]?.handle);
    expect(await ends(() => ff.close({ client: "kiosk" }, { text }), text)).to.equal(1);
    expect(await ends(() => ff.close({ channel: "a" }, { text: "" }), undefined)).to.equal(1);
    const byHandle = async () => ff.close({ handle: await handle() }, { text: "bye" });
    expect(await ends(byHandle, "bye")).to.equal(1);
    expect(await ff.close({ handle: 1 })).to.equal(0);
  });

  it("closes a stream by its id with a receipt, and lists streams and channels", async () => {
    const ff = await startLibrary();
    const url = await listen(createServer(ff.node));
    const { open, connection } = await openFrame(url, "channels=a&client=kiosk-7");
    await openFrame(url, "channels=b&client=kiosk-8");
    await ff.publish("a", 1);
    await connection.untilEvents((events) => events.length === 2, "the message");
    expect((await ff.streams()).map(({ client }) => client)).to.deep.equal(["kiosk-7", "kiosk-8"]);
    expect((await ff.streams({ after: 1, limit: 1 }))[0]).to.include({ client: "kiosk-8" });
    expect((await ff.channels()).map(({ channel }) => channel)).to.deep.equal(["a"]);
    const receipt = await ff.close({ stream: String(open["stream"]) });
    expect(receipt).to.include({ closed: true, reason: "admin", messages: 1 });
    expect(await ff.close({ stream: "n1.unknown" })).to.equal(null);
    expect(await ff.close({ client: "kiosk-8" })).to.equal(1);
    expect(await faultOf(ff.streams({ limit: 0 }))).to.equal("FF_PARAMETER_INVALID");
  });
});
