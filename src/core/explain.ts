import { selectorsOfChannels } from "./channel-name.ts";
import { type Cursor, epochOf, positionOf, timeOfPosition } from "./cursor.ts";
import type { EndedStream, NotedExcerpt, RefusedRequest, ToldGap } from "./past.ts";

/** A stream of a client, open or ended, as far as one message is concerned. */
export type StreamFacts = Pick<
  EndedStream,
  "handle" | "address" | "channels" | "transport" | "openedAt" | "start" | "cursor" | "acked"
> &
  (
    | Pick<EndedStream, "closedAt" | "reason">
    | {
        readonly closedAt: null;
        /** Bytes that wait for its client. */
        readonly queuedBytes: number;
        /** Since when nothing was written to it, in Unix ms. */
        readonly silentSince: number;
      }
  );

/** What one process knows of a client. */
export interface ClientFacts {
  readonly streams: readonly StreamFacts[];
  readonly gaps: readonly ToldGap[];
  readonly excerpts: readonly NotedExcerpt[];
  readonly refused: readonly RefusedRequest[];
  /** When the live streams of this process had been given the message: Unix ms; null if unknown. */
  readonly deliveredAt: number | null;
}

/** The message that is asked about. */
export interface AskedMessage {
  readonly id: Cursor;
  /** Null if the log does not keep it any more, or never did. */
  readonly channel: string | null;
  /** The message's own, in Unix ms; null if the log does not keep it. */
  readonly time: number | null;
  /** The next messages of its channel, at most 100. */
  readonly later: readonly Cursor[];
}

/**
 * The answer, in one word: the best that any stream of the client got.
 *
 * - `acknowledged`: its client says that it has handled the message.
 * - `given`: the message was handed to the operating system.
 * - `waiting`: a stream is open, wants it, and has not been given it yet.
 * - `passed-over`: the stream wanted only the newest messages of each channel there.
 * - `gap`: the stream was told that it may be missing.
 * - `closed-before`: the stream had ended before it was given the message.
 * - `not-subscribed`: no stream of the client wanted its channel.
 * - `opened-later`: the stream started after the message.
 * - `refused`: the client asked for a stream, and was refused.
 * - `expired`: the log does not keep the message any more, and no stream is known to have got it.
 * - `client-unknown`: nothing is remembered of the client.
 */
type Verdict =
  | "acknowledged"
  | "given"
  | "waiting"
  | "passed-over"
  | "gap"
  | "closed-before"
  | "not-subscribed"
  | "opened-later"
  | "refused"
  | "expired"
  | "client-unknown";

/** The best first. */
const VERDICTS: readonly Verdict[] = [
  "acknowledged",
  "given",
  "waiting",
  "passed-over",
  "gap",
  "closed-before",
  "not-subscribed",
  "opened-later",
  "refused",
  "expired",
  "client-unknown",
];

/** Something that happened, or is so. */
interface Fact {
  /** Unix ms. */
  readonly at: number;
  readonly what: string;
}

/** Why a client got a message, or did not. */
export interface Explanation {
  readonly client: string;
  readonly id: Cursor;
  /** Null if the log does not keep the message. */
  readonly channel: string | null;
  /** Unix ms, by the message's id. */
  readonly publishedAt: number;
  readonly verdict: Verdict;
  readonly sentence: string;
  /** In the order of time. */
  readonly facts: readonly Fact[];
}

/** What is found out about one stream. */
interface Finding {
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly facts: readonly Fact[];
}

/**
 * Find out why a client got a message, or did not.
 *
 * @param known what each process knows of the client
 * @param now Unix ms
 */
export function explain(
  client: string,
  message: AskedMessage,
  known: readonly ClientFacts[],
  now: number,
): Explanation {
  const publishedAt = timeOfPosition(positionOf(message.id));
  // A long-poll stream may have begun an excerpt in another process than the one that has it now.
  const excerpts = known.flatMap((facts) => facts.excerpts);
  const findings = known.flatMap((facts) =>
    facts.streams.map((stream) => explainStream(stream, message, { ...facts, excerpts }, now)),
  );
  const refused = known.flatMap((facts) => facts.refused);
  findings.push(...refused.map(explainRefusal));
  if (findings.length === 0) findings.push(explainNothing(message));
  const rank = ({ verdict }: Finding) => VERDICTS.indexOf(verdict);
  const [best] = findings.toSorted((a, b) => rank(a) - rank(b));
  const published = {
    at: publishedAt,
    what:
      message.channel === null
        ? "The id was made then. The log does not keep the message any more"
        : `The message was published to ${message.channel}`,
  };
  return {
    client,
    id: message.id,
    channel: message.channel,
    publishedAt,
    verdict: best?.verdict ?? "client-unknown",
    sentence: best?.sentence ?? "",
    facts: [published, ...findings.flatMap(({ facts }) => facts)].toSorted((a, b) => a.at - b.at),
  };
}

function explainStream(
  stream: StreamFacts,
  message: AskedMessage,
  { gaps, excerpts, deliveredAt }: ClientFacts,
  now: number,
): Finding {
  const { handle, start, openedAt, channels, transport, address } = stream;
  const name = `Stream ${handle}`;
  const opened = {
    at: openedAt,
    what: `${name} was opened (${transport}, ${address ?? "address unknown"}) for ${channels.join(", ")}`,
  };
  const ended =
    stream.closedAt === null
      ? []
      : [{ at: stream.closedAt, what: `${name} ended with "${stream.reason}"` }];
  const conclude = (verdict: Verdict, sentence: string, more: readonly Fact[] = []) => ({
    verdict,
    sentence,
    facts: [opened, ...more, ...ended],
  });
  if (epochOf(start) !== epochOf(message.id)) {
    return conclude(
      "opened-later",
      `${name} reads another life of the log than the message is from: the log was replaced or restored in between.`,
    );
  }
  if (start >= message.id) {
    return conclude(
      "opened-later",
      `${name} started after the message: its client resumed from a later place, because it had the message already, or it did not ask for what was published before.`,
    );
  }
  if (message.channel !== null && !wants(channels, message.channel)) {
    return conclude(
      "not-subscribed",
      `${name} did not subscribe to ${message.channel}: it wanted ${channels.join(", ")}.`,
    );
  }
  const gap = gaps.find((told) => told.handle === handle && covers(told, message));
  if (gap !== undefined && message.channel === null) {
    return conclude(
      "gap",
      `The log did not keep the message until ${name} read it (${gap.gap.reason}). The client was told of the gap.`,
      [{ at: gap.at, what: `${name} was told of a gap that includes the message` }],
    );
  }
  const excerpt = excerpts.find((noted) => noted.handle === handle && leavesOut(noted, message));
  if (excerpt !== undefined && stream.cursor >= message.id) {
    const { newest } = excerpt;
    const wanted =
      newest === null
        ? "what was published from a time on"
        : `the newest ${newest === 1 ? "message" : `${newest} messages`} of each channel`;
    return conclude(
      "passed-over",
      `${name} asked for ${wanted} there ("latest", "each" or "since"), and the message was not part of that.`,
      [{ at: excerpt.at, what: `${name} was behind, and was given ${wanted}` }],
    );
  }
  return stream.cursor >= message.id
    ? conclude(...explainGiven(stream, message, deliveredAt, now))
    : conclude(...explainMissing(stream, message, now));
}

function explainGiven(
  stream: StreamFacts,
  { id }: AskedMessage,
  deliveredAt: number | null,
  now: number,
): [Verdict, string, Fact[]] {
  const name = `Stream ${stream.handle}`;
  const until = stream.closedAt ?? now;
  const isKnown = deliveredAt !== null && deliveredAt >= stream.openedAt && deliveredAt <= until;
  const given = {
    at: isKnown ? deliveredAt : until,
    what: isKnown
      ? `The streams that kept up, here, had been given the message`
      : `${name} had been given the message by then`,
  };
  if (stream.acked !== null && stream.acked >= id) {
    return [
      "acknowledged",
      `${name} was given the message, and its client has acknowledged it.`,
      [given],
    ];
  }
  return [
    "given",
    `${name} was given the message: it was handed to the operating system. Whether it arrived, only an acknowledgement would say.`,
    [given],
  ];
}

function explainMissing(
  stream: StreamFacts,
  { channel }: AskedMessage,
  now: number,
): [Verdict, string, Fact[]] {
  const name = `Stream ${stream.handle}`;
  if (stream.closedAt !== null) {
    const later =
      channel === null
        ? "The log does not keep the message any more, so a client that resumes from its cursor is told of a gap."
        : "A client that resumes from its cursor gets it.";
    return [
      "closed-before",
      `${name} ended with "${stream.reason}" before it was given the message. ${later}`,
      [],
    ];
  }
  const { queuedBytes, silentSince } = stream;
  return [
    "waiting",
    queuedBytes > 0
      ? `${name} is open, but its client does not read: ${queuedBytes} bytes wait for it. The message follows when it has read them.`
      : `${name} is open, and has not been given the message yet.`,
    [{ at: now, what: `${name} has been given nothing for ${now - silentSince} ms` }],
  ];
}

function explainRefusal({ at, code, address }: RefusedRequest): Finding {
  const from = address === null ? "" : ` from ${address}`;
  return {
    verdict: "refused",
    sentence: `The client asked for a stream and was refused with ${code}: docs/errors.md says what to do.`,
    facts: [{ at, what: `A request for a stream${from} was refused with ${code}` }],
  };
}

function explainNothing({ channel }: AskedMessage): Finding {
  if (channel === null) {
    return {
      verdict: "expired",
      sentence:
        "The log does not keep this message, and nothing is remembered of this client: the id may be wrong, or both are too long ago.",
      facts: [],
    };
  }
  return {
    verdict: "client-unknown",
    sentence:
      "Nothing is remembered of this client: it has no stream, and asked for none as far back as is known. Check its name.",
    facts: [],
  };
}

function wants(channels: readonly string[], channel: string): boolean {
  return selectorsOfChannels(channels).matches(channel);
}

function covers({ gap }: ToldGap, { id, channel }: AskedMessage): boolean {
  if (gap.after >= id || gap.upTo < id) return false;
  return channel === null || wants(gap.channels, channel);
}

/** Whether a message was left out of an excerpt. */
function leavesOut(
  { after, upTo, newest, sinceMs }: NotedExcerpt,
  { id, time, later }: AskedMessage,
): boolean {
  if (id <= after || id > upTo) return false;
  if (sinceMs !== null && time !== null && time < sinceMs) return true;
  const successor = newest === null ? undefined : later[newest - 1];
  return successor !== undefined && successor <= upTo;
}
