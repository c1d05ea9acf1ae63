import { formatMs } from "../units.ts";
import { type Advice, adviceFor, findProxies, type Trouble } from "./advice.ts";
import type { DeliveryMeasure, IdleMeasure, Measures, StreamMeasure } from "./measures.ts";

/** One conclusion. */
export interface Finding {
  readonly check: string;
  /** `note`: worth knowing, but pages work all the same. */
  readonly level: "ok" | "note" | "problem";
  readonly sentence: string;
  readonly advice: readonly Advice[];
}

/** A frame's first event ends here or later: see docs/protocol.md. */
const PADDED_TO = 2_048;

/** A first event that takes longer was held back, in ms. */
const OPEN_LATE_MS = 4_000;

/** A message that comes this long after the answer to its publish is late, in ms. */
const LATE_MS = 100;

/** A stream should be told of its close within this time, in ms. */
const CLOSE_LATE_MS = 1_000;

/** How much later than promised a heartbeat may come, in ms. */
const HEARTBEAT_LATE_MS = 2_000;

/** What follows from what was measured. */
export function conclude(measures: Measures): readonly Finding[] {
  const { traces, frame, sse, delivery, publishFault, idle } = measures;
  const proxies = findProxies(traces);
  const finding = (
    check: string,
    level: Finding["level"],
    sentence: string,
    trouble?: Trouble | undefined,
  ): Finding => ({
    check,
    level,
    sentence,
    advice: trouble === undefined ? [] : adviceFor(trouble, proxies),
  });
  const found: Finding[] = [];
  const add = (...args: Parameters<typeof finding>) => void found.push(finding(...args));

  add("path", "ok", describePath(measures));
  add("frame", ...judgeStream(frame));
  judgeHeaders(frame, add);
  add("sse", ...judgeStream(sse));
  if (publishFault !== null) {
    add(
      "delivery",
      "note",
      `Nothing could be published, so delivery is not measured: ${publishFault}`,
    );
  }
  if (delivery !== null) add("delivery", ...judgeDelivery(delivery));
  if (idle !== null) judgeIdle(idle, add);
  judgeClose(measures, add);
  judgeWebSocket(measures, add);
  return found;
}

type Verdict = readonly [level: Finding["level"], sentence: string, trouble?: Trouble | undefined];
type Add = (check: string, ...verdict: Verdict) => void;

function describePath({ reachMs, traces }: Measures): string {
  const seen = Object.entries(traces).map(([name, value]) => `${name}: ${value}`);
  const by =
    seen.length === 0 ? "no header names a proxy" : `headers of others: ${seen.join(", ")}`;
  return `The server answers in ${formatMs(reachMs)}; ${by}.`;
}

function judgeStream(stream: StreamMeasure): Verdict {
  const { openMs, firstByteMs, headMs, padding, refusal, status, fault } = stream;
  if (refusal !== null) {
    const trouble = refusal.code === "FF_ORIGIN_REFUSED" ? "host" : undefined;
    return [
      "problem",
      `The stream is refused (${status} ${refusal.code}): ${refusal.detail}`,
      trouble,
    ];
  }
  if (openMs !== null && openMs > OPEN_LATE_MS) {
    return [
      "problem",
      `The first event is held back: it came after ${formatMs(openMs)}, with something that followed it.`,
      "buffered",
    ];
  }
  if (openMs !== null) {
    const padded = padding === null ? "" : `, ${padding} characters`;
    return ["ok", `The first event is there after ${formatMs(openMs)}${padded}.`];
  }
  if (fault !== null) return ["problem", `The stream ends at once: ${fault}.`, "buffered"];
  if (status !== null && status !== 200)
    return ["problem", `Something answers ${status} instead of the stream.`];
  if (headMs === null) return ["problem", "The stream is held back, its head too.", "buffered"];
  if (firstByteMs === null)
    return ["problem", "The stream is held back: its head came, but no event.", "buffered"];
  return [
    "problem",
    "What comes is not the stream's first event: something changes it.",
    "compressed",
  ];
}

function judgeHeaders(frame: StreamMeasure, add: Add): void {
  const { contentEncoding, contentLength, cacheControl, padding, openMs, httpVersion } = frame;
  if (contentEncoding !== null && contentEncoding !== "identity")
    add(
      "headers",
      "problem",
      `The stream is compressed on its way (${contentEncoding}).`,
      "compressed",
    );
  if (contentLength !== null && openMs !== null)
    add("headers", "problem", `The stream is given a length (${contentLength} bytes).`, "buffered");
  if (openMs === null) return;
  if (cacheControl === null || !cacheControl.includes("no-store"))
    add(
      "headers",
      "problem",
      `Cache-Control is "${cacheControl ?? ""}", and no longer no-store: a cache may keep streams.`,
    );
  if (padding !== null && padding < PADDED_TO)
    add(
      "frame",
      "problem",
      `The frame's padding is gone: its first event ends at ${padding}, not ${PADDED_TO} or later, and old browsers show it late.`,
      "compressed",
    );
  if (httpVersion === "1.0")
    add(
      "headers",
      "note",
      "The stream comes by HTTP/1.0, without chunks: its end can't be told from a cut.",
    );
}

function judgeDelivery({ roundTripsMs, lateMs, isBehind }: DeliveryMeasure): Verdict {
  const came = roundTripsMs.filter((ms) => ms !== null);
  const [trip = 0] = came.toSorted((a, b) => a - b);
  if (isBehind)
    return [
      "problem",
      "One message behind: a message comes only when the next one is published.",
      "behind",
    ];
  if (came.length === 0)
    return ["problem", "Messages are held back: none of them came.", "buffered"];
  if (came.length < roundTripsMs.length)
    return [
      "problem",
      `Messages are held back: ${came.length} of ${roundTripsMs.length} came.`,
      "buffered",
    ];
  // The best of all: the others may have met something else by chance.
  const late = Math.min(...lateMs.map((ms) => ms ?? 0));
  if (late > LATE_MS)
    return [
      "problem",
      `Messages come ${formatMs(late)} late, ${formatMs(trip)} after their publish.`,
      "late",
    ];
  return ["ok", `A message comes ${formatMs(trip)} after its publish.`];
}

function judgeIdle(idle: IdleMeasure, add: Add): void {
  const { seconds, heartbeatMs, heartbeats, silenceMs, cutAfterMs } = idle;
  const promise = `the server sends one every ${formatMs(heartbeatMs)}`;
  if (cutAfterMs !== null) {
    const remedy = `start the server with a --heartbeat-ms below ${Math.max(50, Math.floor(cutAfterMs / 2))}`;
    add(
      "idle",
      "problem",
      `A silent stream is cut after ${formatMs(cutAfterMs)}: ${remedy}, or let silence last longer.`,
      "idle",
    );
  } else if (silenceMs > heartbeatMs + HEARTBEAT_LATE_MS) {
    add(
      "idle",
      "problem",
      `Heartbeats are held back: ${formatMs(silenceMs)} passed without one, and ${promise}.`,
      "buffered",
    );
  } else if (heartbeats === 0) {
    add(
      "idle",
      "note",
      `The stream stays open for ${seconds} s, too short to see a heartbeat: ${promise}; give --idle-seconds.`,
    );
  } else {
    add(
      "idle",
      "ok",
      `The stream stays open for ${seconds} s of silence, with ${heartbeats === 1 ? "1 heartbeat" : `${heartbeats} heartbeats`}.`,
    );
  }
}

function judgeClose({ close, goneMs }: Measures, add: Add): void {
  if (close !== null) {
    const { answerMs, eventMs, endMs, isOriginRefused } = close;
    if (isOriginRefused)
      add(
        "host",
        "problem",
        "The server is told another Host than pages have in their address, and refuses what they send.",
        "host",
      );
    if (answerMs === null)
      add("close", "problem", "The request that closes a stream is not answered.", "close");
    else if (eventMs === null)
      add("close", "problem", "The stream is not told that it was closed.", "close");
    else if (eventMs > CLOSE_LATE_MS)
      add(
        "close",
        "problem",
        `The stream is told ${formatMs(eventMs)} late that it was closed.`,
        "close",
      );
    else if (endMs === null)
      add("close", "problem", "The stream's connection stays open behind its close.", "close");
    else
      add(
        "close",
        "ok",
        `A close is answered in ${formatMs(answerMs)}; its event comes after ${formatMs(eventMs)}, the end after ${formatMs(endMs)}.`,
      );
  }
  if (goneMs === null)
    add(
      "gone",
      "note",
      "The server does not notice within 3 s that a client has gone, and keeps its stream until a heartbeat fails.",
      "gone",
    );
  else if (goneMs !== undefined)
    add("gone", "ok", `A client that has gone is noticed after ${formatMs(goneMs)}.`);
}

function judgeWebSocket({ webSocket }: Measures, add: Add): void {
  const { openMs, status, fault } = webSocket;
  if (openMs !== null) {
    add("websocket", "ok", `A WebSocket opens in ${formatMs(openMs)}.`);
    return;
  }
  const why = status === null ? (fault ?? "no answer") : `it is answered ${status}`;
  add(
    "websocket",
    "note",
    `WebSockets do not pass (${why}); pages use frames and polls instead.`,
    "webSocket",
  );
}
