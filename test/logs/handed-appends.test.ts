import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { parseChannelName } from "../../src/core/channel-name.ts";
import { formatJson } from "../../src/core/json.ts";
import type { AppendRequest, MessageLog } from "../../src/core/log.ts";
import { ForeverframeError } from "../../src/errors.ts";
import { FrameParser, formatFrame } from "../../src/logs/append-frames.ts";
import { AppendService, SERVICE_FILE } from "../../src/logs/append-service.ts";
import { HandedAppends } from "../../src/logs/handed-appends.ts";
import { openMemoryLog } from "../../src/logs/memory-log.ts";
import { nodeScheduler } from "../../src/process/node-scheduler.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const ALIVE = formatFrame({ type: "alive" });

const A = parseChannelName("a");

const request = (value: unknown, key?: string): AppendRequest => ({
  messages: [{ channel: A, data: formatJson(value) }],
  ...(key === undefined ? {} : { idempotency: { key } }),
});

const codeOf = (error: unknown) => (error instanceof ForeverframeError ? error.code : error);

describe("appends that another process makes", () => {
  let directory: string;
  let log: MessageLog;
  /** Values in the order in which they were appended, and by whom. */
  let appended: string[];
  const undo: (() => unknown)[] = [];

  beforeEach(async () => {
    directory = createTemporaryDirectory();
    appended = [];
    log = await openMemoryLog(() => "e", {
      now: Date.now,
      monotonicMs: () => performance.now(),
      retention: { fingerprint: "all", of: () => ({ maxMessages: 1e6, maxAgeMs: 1e9 }) },
      maxIdempotencyKeys: 1_000,
      maxChannels: 1_000,
      maxLogBytes: Number.POSITIVE_INFINITY,
    });
    undo.push(() => log.close());
  });
  afterEach(async () => {
    for (const run of undo.splice(0).reverse()) await run();
    removeTemporaryDirectories();
  });

  /** The log, as the process `who` has it. */
  const logOf = (who: string): Pick<MessageLog, "append" | "appendEach"> => {
    const appendEach: MessageLog["appendEach"] = (requests) => {
      for (const { messages } of requests) appended.push(`${who} ${messages[0]?.data}`);
      return log.appendEach(requests);
    };
    return { append: (one) => log.append(one), appendEach };
  };
  const listen = async (served = logOf("there")) => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const service = await AppendService.listen(directory, { log: served, onError });
    undo.push(() => service.close());
    return service;
  };
  const hand = (scheduler = nodeScheduler) => {
    const handed = new HandedAppends({ log: logOf("here"), directory, scheduler });
    undo.push(() => handed.stop());
    return handed;
  };
  /** Have something else in the place of the service. */
  const serve = async (onConnection: (socket: Socket) => void) => {
    const server = createServer((socket) => {
      undo.push(() => socket.destroy());
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
    undo.push(() => server.close());
    await once(server.listen(join(directory, SERVICE_FILE)), "listening");
  };
  /** A service that answers until it is made mute, and whose first socket has been used. */
  const serveUntilMute = async () => {
    const service = { isMute: false, sockets: [] as Socket[], frames: 0 };
    await serve((socket) => {
      service.sockets.push(socket);
      if (service.isMute) return;
      socket.write(ALIVE);
      const parser = new FrameParser();
      socket.on("data", (piece) => {
        for (const frame of parser.add(piece) ?? []) {
          service.frames++;
          if (service.isMute || frame.type !== "append") continue;
          socket.write(formatFrame({ ...frame, type: "outcomes", outcomes: [["e.0"]] }));
        }
      });
    });
    return service;
  };
  const untilHandedTo = async (service: { readonly frames: number }, handed: HandedAppends) => {
    const isHanded = () => handed.append(request("first")).then(() => service.frames > 0);
    await eventually(5_000, isHanded, "the service to be found");
    appended = [];
  };
  /** Append until the service does it. */
  const untilHanded = async (handed: HandedAppends) => {
    await eventually(
      5_000,
      async () => {
        await handed.append(request("first"));
        return appended.at(-1)?.startsWith("there");
      },
      "the service to be found",
    );
    appended = [];
  };

  it("have ids and refusals like its own, and those of one turn go together", async () => {
    const frames: number[] = [];
    const there = logOf("there");
    await listen({
      ...there,
      appendEach: (requests) => {
        frames.push(requests.length);
        return there.appendEach(requests);
      },
    });
    const handed = hand();
    await untilHanded(handed);
    frames.length = 0;
    const [one, two, [three, four] = []] = await Promise.all([
      handed.append(request(1, "k")),
      handed.append(request(1, "k")),
      handed.appendEach([request(2, "k"), request(3)]),
    ]);
    expect(frames).to.deep.equal([4]);
    expect(one).to.have.lengthOf(1);
    expect(two).to.deep.equal(one);
    expect(codeOf(three)).to.equal("FF_IDEMPOTENCY_CONFLICT");
    expect(four).to.have.lengthOf(1);
    const error = await handed.append(request(5, "k")).catch(codeOf);
    expect(error).to.equal("FF_IDEMPOTENCY_CONFLICT");
  });

  it("are made here as long as there is no service, and after it has ended", async () => {
    const handed = hand();
    await handed.append(request(1));
    expect(appended).to.deep.equal(["here 1"]);
    const service = await listen();
    await untilHanded(handed);
    await handed.append(request(2));
    await service.close();
    await handed.append(request(3));
    expect(appended).to.deep.equal(["there 2", "here 3"]);
  });

  it("are all answered when the service is closed, and stay in their order", async () => {
    const handed = hand();
    const answers: Promise<unknown>[] = [];
    let sent = 0;
    const append = async (count: number) => {
      for (let i = 0; i < count; i++) {
        answers.push(handed.append(request(sent++)));
        if (i % 7 === 0) await nextTurn();
      }
    };
    for (let round = 0; round < 5; round++) {
      const service = await listen();
      for (let i = 0; i < 15 || !appended.at(-1)?.startsWith("there"); i++) {
        await append(20);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const closed = service.close();
      await append(200);
      await closed;
    }
    await Promise.all(answers);
    const values = appended.map((text) => Number(text.split(" ")[1]));
    expect(values).to.deep.equal(Array.from({ length: sent }, (_, i) => i));
    expect(new Set(appended.map((text) => text.split(" ")[0]))).to.have.lengthOf(2);
  });

  it("are refused as unknown, or made here where they have keys, when the service is killed", async () => {
    await listen({ append: () => new Promise(() => {}), appendEach: () => new Promise(() => {}) });
    const handed = hand();
    const until = Date.now() + 5_000;
    // The first may be made here: the service is not found at once.
    let open: Promise<unknown> = Promise.resolve();
    while (Date.now() < until) {
      open = handed.append(request(0)).catch(codeOf);
      const isHere = await Promise.race([
        open.then(() => true),
        new Promise<boolean>((resolve) => setTimeout(resolve, 50, false)),
      ]);
      if (!isHere) break;
    }
    const keyed = handed.append(request(1, "k"));
    await nextTurn();
    handed.stop();
    expect(await open).to.equal("FF_LOG_UNAVAILABLE");
    expect(await keyed).to.have.lengthOf(1);
    await handed.append(request(2));
    expect(appended.slice(-2)).to.deep.equal(["here 1", "here 2"]);
  });

  it("are made here when the service is stuck", async () => {
    const { clock, scheduler } = manualScheduler();
    const service = await serveUntilMute();
    const handed = hand(scheduler);
    await untilHandedTo(service, handed);
    service.isMute = true;
    const stuck = handed.append(request(1)).catch(codeOf);
    await nextTurn();
    clock.now += 2_900;
    clock.look();
    const isOpen = await Promise.race([stuck, nextTurn("open")]);
    expect(isOpen).to.equal("open");
    clock.now += 200;
    clock.look();
    expect(await stuck).to.equal("FF_LOG_UNAVAILABLE");
    // The system still connects us to it.
    clock.look();
    await eventually(5_000, () => service.sockets.length === 2, "the second connection");
    await handed.append(request(2));
    expect(appended).to.deep.equal(["here 2"]);
  });

  it("are not given up when it is this process that stood still", async () => {
    const { clock, scheduler } = manualScheduler();
    const service = await serveUntilMute();
    const handed = hand(scheduler);
    await untilHandedTo(service, handed);
    service.isMute = true;
    const append = handed.append(request(1));
    const number = service.frames + 1;
    await eventually(5_000, () => service.frames === number, "the frame");
    // It waits in this process to be read while the clock goes on.
    service.sockets[0]?.write(formatFrame({ type: "outcomes", number, outcomes: [["e.1"]] }));
    clock.now += 10_000;
    clock.look();
    expect(await append).to.deep.equal(["e.1"]);
  });

  it("are made here where another program has the place of the service", async () => {
    const sockets: Socket[] = [];
    await serve((socket) => {
      sockets.push(socket);
      socket.write("\x05\x00\x00\x00hello");
    });
    const handed = hand();
    await eventually(5_000, () => sockets.length === 2, "the second connection");
    await handed.append(request(1));
    expect(appended).to.deep.equal(["here 1"]);
  });

  it("are served though another program writes to the service", async () => {
    await listen();
    const stranger = createConnection(join(directory, SERVICE_FILE));
    undo.push(() => stranger.destroy());
    stranger.write("\x05\x00\x00\x00hello");
    stranger.resume();
    await within(5_000, once(stranger, "close"), "the end of the stranger's connection");
    await untilHanded(hand());
  });

  it("leave nothing behind where the place of the service is taken", async () => {
    mkdirSync(join(directory, SERVICE_FILE));
    const error = await listen().catch((cause: unknown) => cause);
    expect(error).to.have.property("code", "EISDIR");
    await eventually(5_000, () => readdirSync(directory).length === 1, "the end of the draft");
  });

  it("are made here for a while after a failure, so that the log here knows of it", async () => {
    const full = new ForeverframeError("FF_LOG_FULL", "full");
    let fails = false;
    const there = logOf("there");
    await listen({
      ...there,
      appendEach: (requests) => (fails ? Promise.reject(full) : there.appendEach(requests)),
    });
    const handed = hand();
    await untilHanded(handed);
    fails = true;
    expect(await handed.append(request(1)).catch(codeOf)).to.equal("FF_LOG_FULL");
    await handed.append(request(2));
    expect(appended).to.deep.equal(["here 2"]);
  });

  it("come whole, wherever their frames are split", () => {
    const frames = [1, 2, 3].map((number) => ({
      type: "append" as const,
      number,
      requests: [request("ä".repeat(number * 10))],
      size: 1,
    }));
    const bytes = Buffer.concat(frames.map(formatFrame));
    for (const size of [1, 2, 3, 5, 100, bytes.length]) {
      const parser = new FrameParser();
      const seen: unknown[] = [];
      for (let i = 0; i < bytes.length; i += size)
        seen.push(...(parser.add(bytes.subarray(i, i + size)) ?? []));
      expect(seen).to.deep.equal(frames);
    }
  });

  it("in frames of many pieces take time in proportion to their size", () => {
    const frame = { type: "append" as const, number: 1, requests: [], size: 1 };
    const large = { ...frame, requests: [request("x".repeat(4_000_000))] };
    const bytes = formatFrame(large);
    const parser = new FrameParser();
    const started = performance.now();
    let seen = 0;
    for (let i = 0; i < bytes.length; i += 1_000)
      seen += parser.add(bytes.subarray(i, i + 1_000))?.length ?? 0;
    expect(seen).to.equal(1);
    expect(performance.now() - started).to.be.below(5_000);
  });
});

/** Time that stands still, and a look at the service that comes when it is called. */
function manualScheduler() {
  const clock = { now: 0, look: () => {} };
  const scheduler = {
    ...nodeScheduler,
    monotonicMs: () => clock.now,
    every: (_: number, run: () => void) => {
      clock.look = run;
      return () => {};
    },
  };
  return { clock, scheduler };
}
