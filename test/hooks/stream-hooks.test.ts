import { createHmac } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import type { Stream } from "../../src/core/stream.ts";
import type { Receipt } from "../../src/core/summaries.ts";
import { StreamHooks } from "../../src/hooks/stream-hooks.ts";
import { EventReceiver, stopReceivers, takes } from "../support/event-receiver.ts";
import { eventually, within } from "../support/within.ts";

const SECRET = Buffer.from("a secret of more than thirty-two bytes");
const never = new Promise<void>(() => {});

/** As much of a stream as an event tells of it. */
const streamOf = (handle: number, channels: readonly string[] = ["doors"]) =>
  ({
    handle,
    client: null,
    address: "127.0.0.1",
    principal: null,
    view: { selectors: { selectors: channels }, encoding: { transport: "frame" } },
    openedUnixMs: 1_000,
  }) as unknown as Stream;
const RECEIPT = { reason: "client", messages: 1, bytes: 2, openMs: 3 } as Receipt;

/** Bytes that the process holds, without what can be collected. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe("hooks", function () {
  this.timeout(30_000);
  const all = new Set<StreamHooks>();
  const troubles: (string | null)[] = [];

  afterEach(async () => {
    for (const hooks of all) hooks.stop();
    all.clear();
    troubles.length = 0;
    await stopReceivers();
  });

  const create = (url: string, options = {}) => {
    const hooks = new StreamHooks({
      url,
      secret: SECRET,
      unixNow: Date.now,
      onTrouble: (reason) => troubles.push(reason),
      ...options,
    });
    all.add(hooks);
    return hooks;
  };
  const handlesOf = (receiver: EventReceiver) => receiver.events.map(({ handle }) => handle);
  const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i);

  it("send events in their order, each request with the next number, and signed", async () => {
    const receiver = await EventReceiver.start();
    const hooks = create(receiver.url);
    for (const n of numbers(1_200)) hooks.onOpened(streamOf(n));
    await receiver.until(({ length }) => length === 1_200, "all events");
    expect(handlesOf(receiver)).to.deep.equal(numbers(1_200));
    expect(receiver.batches.map(({ seq }) => seq)).to.deep.equal([1, 2, 3]);
    for (const { signature, text } of receiver.batches) {
      const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
      expect(Math.abs(Number(t) - Date.now() / 1_000)).to.be.below(10);
      expect(v1).to.equal(createHmac("sha256", SECRET).update(`${t}.${text}`).digest("hex"));
    }
  });

  it("repeat the same request after errors, resets and redirects, and send nothing else meanwhile", async () => {
    const receiver = await EventReceiver.start((response, request, count) => {
      if (count === 1) response.writeHead(500).end("broken");
      else if (count === 2) request.socket.destroy();
      else if (count === 3) response.writeHead(302, { Location: "/elsewhere" }).end();
      else takes(response, request, count);
    });
    const hooks = create(receiver.url);
    hooks.onOpened(streamOf(1));
    await eventually(5_000, () => receiver.batches.length === 2, "the second attempt");
    hooks.onClosed(streamOf(1), RECEIPT);
    await receiver.until(({ length }) => length === 2, "both events");
    expect(receiver.batches.map(({ seq }) => seq)).to.deep.equal([1, 1, 1, 1, 2]);
    expect(new Set(receiver.batches.slice(0, 4).map(({ text }) => text)).size).to.equal(1);
    expect(receiver.events.map(({ type }) => type)).to.deep.equal(["opened", "closed"]);
    await eventually(2_000, () => troubles.length === 2, "the end of trouble");
    expect(troubles).to.deep.equal(["it answers with the status 302", null]);
  });

  it("repeat a request that is not answered in time", async () => {
    const receiver = await EventReceiver.start((response, request, count) => {
      if (count > 1) takes(response, request, count);
    });
    const hooks = create(receiver.url, { answerMs: 300 });
    hooks.onOpened(streamOf(1));
    await receiver.until(() => receiver.batches.length === 2, "the second attempt");
    expect(receiver.batches.map(({ seq }) => seq)).to.deep.equal([1, 1]);
  });

  it("go on at once after an answer that never ends, since its status has said all", async () => {
    const receiver = await EventReceiver.start((response, request, count) => {
      if (count === 1) {
        const endless = () => response.write("x".repeat(1_024)) && setImmediate(endless);
        response.writeHead(200);
        endless();
        return;
      }
      takes(response, request, count);
    });
    const hooks = create(receiver.url, { answerMs: 25_000 });
    hooks.onOpened(streamOf(1));
    await eventually(5_000, () => receiver.batches.length === 1, "the first request");
    hooks.onOpened(streamOf(2));
    await receiver.until(({ length }) => length === 2, "both events");
    expect(receiver.batches.map(({ seq }) => seq)).to.deep.equal([1, 2]);
  });

  it("hold a bounded number of events while the receiver hangs, and tell how many were lost", async () => {
    const receiver = await EventReceiver.start(() => {});
    const hooks = create(receiver.url);
    const long = Array.from({ length: 20 }, (_, i) => `a.long.name.of.a.channel.${i}`);
    hooks.onOpened(streamOf(0));
    await eventually(5_000, () => receiver.batches.length === 1, "the first request");
    const before = heldBytes();
    const began = performance.now();
    for (const n of numbers(100_000)) hooks.onOpened(streamOf(n, long));
    expect((performance.now() - began) / 100_000, "ms an event").to.be.below(0.05);
    expect(hooks.figures.waiting).to.be.at.most(10_000);
    expect(hooks.figures.lost).to.be.at.least(90_000);
    expect(heldBytes() - before).to.be.below(20_000_000);
    const { waiting, lost } = hooks.figures;
    receiver.respond = takes;
    hooks.stop();
    expect(waiting + lost).to.equal(100_000);
  });

  it("send what is lost in its place when the receiver is back", async () => {
    const receiver = await EventReceiver.start((response) => response.writeHead(503).end());
    const hooks = create(receiver.url, { limits: { maxEvents: 4, maxCharacters: 10_000 } });
    hooks.onOpened(streamOf(1));
    await eventually(5_000, () => receiver.batches.length === 1, "the first request");
    for (const n of numbers(9, 2)) hooks.onOpened(streamOf(n));
    receiver.respond = takes;
    await receiver.until((events) => events.some(({ type }) => type === "lost"), "the loss");
    hooks.onOpened(streamOf(11));
    const events = await receiver.until(({ length }) => length === 6, "what follows");
    expect(
      events.map(({ type, handle, count }) => (type === "lost" ? `-${count}` : handle)),
    ).to.deep.equal([1, 2, 3, 4, "-6", 11]);
  });

  it("send what waits when the server stops", async () => {
    const receiver = await EventReceiver.start((response, request, count) => {
      if (count < 3) response.writeHead(503).end();
      else takes(response, request, count);
    });
    const hooks = create(receiver.url);
    for (const n of numbers(1_500)) hooks.onOpened(streamOf(n));
    await within(5_000, hooks.drain(never), "the drain");
    expect(handlesOf(receiver)).to.deep.equal(numbers(1_500));
  });

  it("do not hold up the stop of a server for a receiver that is away", async () => {
    const receiver = await EventReceiver.start(() => {});
    const hooks = create(receiver.url);
    hooks.onOpened(streamOf(1));
    await within(7_000, hooks.drain(never), "the drain without a deadline");
    const other = create(receiver.url);
    other.onOpened(streamOf(1));
    await within(1_000, other.drain(Promise.resolve()), "the drain after its deadline");
    const { length } = receiver.batches;
    other.onOpened(streamOf(2));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(receiver.batches.length).to.equal(length);
  });
});
