import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { startProgress } from "../progress.ts";
import {
  MAX_REFUSAL_BYTES,
  RequestError,
  readAnswer,
  request,
  routeUrl,
} from "../server-client.ts";
import type {
  CloseMeasure,
  DeliveryMeasure,
  IdleMeasure,
  Measures,
  StreamMeasure,
} from "./measures.ts";
import { OpenProbe } from "./open-probe.ts";
import { probeWebSocket } from "./web-socket-probe.ts";

/** Each of these waits ends after so many ms, so that nothing hangs. */
const REACH_MS = 5_000;
const OPEN_MS = 5_000;
const PUBLISH_MS = 5_000;
const DELIVERY_MS = 1_500;
const CLOSE_MS = 3_000;
const GONE_MS = 3_000;

/** Messages that are published one after the other. */
const MESSAGES = 3;

/** Pause between two questions whether the server has noticed, in ms. */
const ASK_AGAIN_MS = 100;

/** Headers that proxies and caches add. */
const TRACES =
  /^(?:server|via|age|x-cache.*|x-served-by|x-varnish|x-proxy.*|x-squid.*|cf-ray|x-amz-cf-id|x-envoy.*|x-powered-by|proxy-.*)$/;

/** What the doctor is asked. */
export interface Examination {
  readonly url: string;
  readonly channel: string;
  /** `Authorization`, or nothing. */
  readonly headers: Readonly<Record<string, string>>;
  readonly idleSeconds: number;
}

/**
 * Measure a path to a server, as a page would use it.
 *
 * @throws RequestError: nothing of a server answers there
 */
export async function examine(examination: Examination): Promise<Measures> {
  const { url, headers } = examination;
  const reach = await measureReach(routeUrl(url, "healthz"));
  const openUrl = (transport: string) => {
    const target = routeUrl(url, "stream");
    target.searchParams.set("channels", examination.channel);
    target.searchParams.set("transport", transport);
    return target;
  };
  const frame = new OpenProbe("frame", openUrl("frame"), headers);
  const sse = new OpenProbe("sse", openUrl("sse"), headers);
  try {
    const [, , webSocket] = await Promise.all([
      frame.until(() => frame.event("open") !== undefined, OPEN_MS),
      sse.until(() => sse.event("open") !== undefined, OPEN_MS),
      probeWebSocket(openUrl("ws"), headers, OPEN_MS),
    ]);
    // Where something holds back one piece, the first event comes with the first message.
    const delivery = await measureDelivery(frame.head?.status === 200 ? frame : null, examination);
    const opened = { frame: streamMeasure(frame), sse: streamMeasure(sse) };
    const isOpen = frame.event("open") !== undefined;
    const idle = isOpen ? await measureIdle(frame, examination.idleSeconds) : null;
    const close = isOpen && frame.endedAt === null ? await measureClose(frame, examination) : null;
    return {
      ...reach,
      ...opened,
      webSocket,
      ...delivery,
      idle,
      close,
      goneMs: await measureGone(sse, examination),
    };
  } finally {
    frame.destroy();
    sse.destroy();
  }
}

async function measureReach(url: URL): Promise<Pick<Measures, "reachMs" | "traces">> {
  const began = performance.now();
  const response = await request(url, { signal: AbortSignal.timeout(REACH_MS) });
  const body = await readAnswer(url, response, MAX_REFUSAL_BYTES);
  if (!body.startsWith('{"status":')) {
    throw new RequestError(
      null,
      `Something else than a Foreverframe server answers at ${url.href}: give the server's address, with its path behind a proxy`,
    );
  }
  const traces = [...response.headers].filter(([name]) => TRACES.test(name));
  return { reachMs: performance.now() - began, traces: Object.fromEntries(traces) };
}

function streamMeasure(probe: OpenProbe): StreamMeasure {
  const { head, askedAt, events, pieces, text, endedAt, fault } = probe;
  const since = (at: number | undefined) => (at === undefined ? null : at - askedAt);
  const open = probe.event("open");
  const [first] = events;
  const header = (name: string) => String(head?.headers[name] ?? "") || null;
  return {
    status: head?.status ?? null,
    headMs: since(head?.at),
    firstByteMs: since(pieces[0]),
    openMs: since(open?.at),
    padding: first?.endsAt ?? null,
    httpVersion: head?.httpVersion ?? null,
    contentEncoding: header("content-encoding"),
    cacheControl: header("cache-control"),
    contentLength: header("content-length"),
    refusal: refusalOf(probe),
    fault: endedAt !== null && text === "" ? (fault ?? "the answer was empty") : null,
  };
}

/** A refusal is looked for in this many characters of an answer. */
const REFUSAL_CHARACTERS = 8_192;

function refusalOf(probe: OpenProbe): StreamMeasure["refusal"] {
  const start = probe.text.slice(0, REFUSAL_CHARACTERS);
  const found = /"code":"(\w+)".*?"detail":"((?:[^"\\]|\\.)*)"/s.exec(start);
  const turned = /"detail":"((?:[^"\\]|\\.)*)".*?"code":"(\w+)"/s.exec(start);
  if (probe.event("open") !== undefined || (probe.head?.status ?? 200) < 400) return null;
  const [code, detail] = found ? [found[1], found[2]] : [turned?.[2], turned?.[1]];
  return { code: code ?? "", detail: textOfJson(detail ?? "") };
}

/** What stands in a string of JSON; as it is, where that is none. */
function textOfJson(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

async function measureDelivery(
  probe: OpenProbe | null,
  { url, channel, headers }: Examination,
): Promise<Pick<Measures, "delivery" | "publishFault">> {
  if (probe === null) return { delivery: null, publishFault: null };
  const run = randomBytes(6).toString("hex");
  const target = routeUrl(url, `channels/${encodeURIComponent(channel)}/messages`);
  const sent: { at: number; answeredAt: number }[] = [];
  const arrival = (n: number) =>
    probe.events.find(({ data }) => JSON.stringify(data) === JSON.stringify({ doctor: run, n }))
      ?.at;
  for (let n = 0; n < MESSAGES; n++) {
    const at = performance.now();
    try {
      await request(target, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify({ doctor: run, n }),
        signal: AbortSignal.timeout(PUBLISH_MS),
      });
    } catch (error) {
      if (error instanceof RequestError) return { delivery: null, publishFault: error.message };
      throw error;
    }
    sent.push({ at, answeredAt: performance.now() });
    await probe.until(() => arrival(n) !== undefined, DELIVERY_MS);
  }
  const since = (from: "at" | "answeredAt") =>
    sent.map((message, n) => {
      const at = arrival(n);
      return at === undefined ? null : Math.max(0, at - message[from]);
    });
  const isBehind = sent.slice(1).some(({ at }, n) => (arrival(n) ?? 0) > at);
  const delivery: DeliveryMeasure = {
    roundTripsMs: since("at"),
    lateMs: since("answeredAt"),
    isBehind,
  };
  return { delivery, publishFault: null };
}

async function measureIdle(probe: OpenProbe, seconds: number): Promise<IdleMeasure> {
  const ms = 1_000 * seconds;
  const { pieces } = probe;
  const before = pieces.length;
  const began = performance.now();
  const stop = startProgress("waiting for silence to be cut", ms);
  await probe.until(() => false, ms);
  stop();
  const times = [began, ...pieces.slice(before), probe.endedAt ?? performance.now()];
  const silences = times.slice(1).map((at, i) => at - (times[i] ?? at));
  const last = pieces.at(-1) ?? began;
  return {
    seconds,
    heartbeatMs: probe.event("open")?.heartbeatMs ?? 0,
    heartbeats: pieces.length - before,
    silenceMs: Math.max(...silences),
    cutAfterMs: probe.endedAt === null ? null : probe.endedAt - last,
  };
}

async function measureClose(
  probe: OpenProbe,
  { url, headers }: Examination,
): Promise<CloseMeasure> {
  const id = probe.event("open")?.stream ?? "";
  const target = routeUrl(url, `streams/${encodeURIComponent(id)}/close`);
  const began = performance.now();
  const close = async (own: Readonly<Record<string, string>>) => {
    const signal = AbortSignal.timeout(CLOSE_MS);
    try {
      await request(target, { method: "POST", headers: { ...headers, ...own }, signal });
      return 200;
    } catch (error) {
      return error instanceof RequestError ? error.answered : null;
    }
  };
  // As a page of the same address does it; a browser before 2020 sends no Sec-Fetch-Site.
  let status = await close({ Origin: target.origin });
  const isOriginRefused = status === 403;
  if (isOriginRefused) status = await close({});
  const answerMs = status === 200 ? performance.now() - began : null;
  await probe.until(() => probe.endedAt !== null, CLOSE_MS);
  const event = probe.event("close");
  return {
    answerMs,
    eventMs: event === undefined ? null : event.at - began,
    endMs: probe.endedAt === null ? null : probe.endedAt - began,
    isOriginRefused,
  };
}

/** Cut a stream, and ask how soon the server knows: undefined where there was none. */
async function measureGone(
  probe: OpenProbe,
  { url, headers }: Examination,
): Promise<number | null | undefined> {
  const id = probe.event("open")?.stream;
  if (id === undefined || probe.endedAt !== null) return undefined;
  const target = routeUrl(url, `streams/${encodeURIComponent(id)}`);
  const began = performance.now();
  probe.destroy();
  while (performance.now() - began < GONE_MS) {
    try {
      const answer = await request(target, { headers, signal: AbortSignal.timeout(GONE_MS) });
      const { state } = (await answer.json()) as { state?: string };
      if (state !== "open") return performance.now() - began;
    } catch {
      return undefined; // it may not be asked
    }
    await pause(ASK_AGAIN_MS);
  }
  return null;
}
