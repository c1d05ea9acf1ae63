import { type Cursor, formatCursor, ORIGIN } from "../../core/cursor.ts";
import { formatJson } from "../../core/json.ts";
import type { AppendRequest, NewMessage } from "../../core/log.ts";
import { repeatedData } from "../../core/shared-data.ts";
import type { ForeverframeError } from "../../errors.ts";
import { formatHead } from "../append-change.ts";
import { channelsTooMany, idempotencyConflict, idempotencyFull } from "../log-errors.ts";
import { positionsFrom } from "../position-clock.ts";
import { type AppendOptions, hashParts, LogSizeError } from "../table-append.ts";
import { IDEMPOTENCY_MS } from "../table-trim.ts";
import { APPEND } from "./append-script.ts";
import type { Argument, RedisSession } from "./redis-session.ts";

/** Bytes of an event besides its data: they don't depend on its id and time, of fixed lengths. */
export function headBytes(epoch: string, channel: string): number {
  return Buffer.byteLength(formatHead(formatCursor(epoch, ORIGIN), formatJson(channel), 1e12));
}

/** Append in one step of Redis. See `MessageLog.append`. */
export async function appendToRedis(
  session: RedisSession,
  { messages, idempotency }: AppendRequest,
  options: Omit<AppendOptions, "clock" | "now" | "epoch">,
): Promise<readonly Cursor[] | ForeverframeError> {
  const { rules, steady, ownKeys, maxIdempotencyKeys, maxChannels, maxLogBytes } = options;
  const channels = [...new Set<string>(messages.map(({ channel }) => channel))];
  const owner = idempotency?.owner ?? null;
  // Above half of all keys, nobody may have more than a share: see `hasRoomFor` of other logs.
  const isWithinShare = owner === null || ownKeys.has(owner);
  const [key, fingerprint] =
    idempotency === undefined ? ["", ""] : [hashParts([idempotency.key]), fingerprintOf(messages)];
  const limits = () => [
    maxChannels,
    Number.isFinite(maxLogBytes) ? maxLogBytes : -1,
    key,
    fingerprint,
    Math.floor(steady.now()),
    isWithinShare ? maxIdempotencyKeys : maxIdempotencyKeys / 2,
    IDEMPOTENCY_MS,
  ];
  const what = describeMessages(messages, channels);
  const argv = (): readonly Argument[] => {
    const keeping = channels.flatMap((channel) => {
      const { maxMessages, maxAgeMs } = rules.of(channel);
      return [channel, maxMessages, maxAgeMs, headBytes(session.epoch, channel)];
    });
    return [
      ...limits(),
      channels.length,
      what.shared.length,
      messages.length,
      ...keeping,
      ...what.shared,
      ...what.rows,
    ];
  };
  const [word, , ...rest] = await session.call(APPEND, channels, argv);
  switch (String(word)) {
    case "OK":
      if (owner !== null) ownKeys.take(owner);
      return idsFrom(session.epoch, String(rest[0]), messages.length);
    case "REPEAT":
      return idsFrom(session.epoch, String(rest[0]), messages.length);
    case "CONFLICT":
      return idempotencyConflict();
    case "KEYS":
      return idempotencyFull(maxIdempotencyKeys);
    case "CHANNELS":
      return channelsTooMany(maxChannels);
    default:
      return new LogSizeError(Number(String(rest[0])), Number(String(rest[1])), maxLogBytes);
  }
}

/**
 * Data that is worth sharing, and for each message the place of its channel, that of its data, and
 * its own data.
 */
function describeMessages(
  messages: readonly NewMessage[],
  channels: readonly string[],
): { readonly shared: readonly string[]; readonly rows: readonly Argument[] } {
  const shared = [...repeatedData(messages)];
  const placeOfData = new Map(shared.map((data, i) => [data, i + 1]));
  const placeOfChannel = new Map(channels.map((channel, i) => [channel, i + 1]));
  const rows: Argument[] = [];
  for (const { channel, data } of messages) {
    const place = placeOfData.get(data) ?? 0;
    rows.push(placeOfChannel.get(channel) ?? 0, place, place === 0 ? data : "");
  }
  return { shared, rows };
}

function idsFrom(epoch: string, first: string, count: number): readonly Cursor[] {
  return positionsFrom(first, count).map((position) => formatCursor(epoch, position));
}

function fingerprintOf(messages: readonly NewMessage[]): string {
  return hashParts(messages.flatMap(({ channel, data }) => [channel, data]));
}
