import type { SelectorSet } from "../../core/channel-name.ts";
import type { NewestPlaces, NewestRequest } from "../../core/log.ts";
import type { Reply } from "../../redis/redis-client.ts";
import { goneError } from "../log-errors.ts";
import { PlaceList } from "../place-list.ts";
import { literalPrefixes } from "../table-reads.ts";
import { CHANNELS, NEWEST } from "./read-scripts.ts";
import { changesNow, endOf, lose, MAX_ATTEMPTS, strangeError, textsOf } from "./redis-reads.ts";
import type { RedisSession } from "./redis-session.ts";

/** Channels that are listed in one call. */
const CHANNELS_PER_CALL = 1_000;

/** Messages that are found in one call, so that it holds Redis up for 2 ms or so. */
const PLACES_PER_CALL = 500;

/** See `MessageLog.findNewest`. */
export async function findNewestInRedis(
  session: RedisSession,
  request: NewestRequest,
): Promise<NewestPlaces> {
  const { selectors, count, isGone } = request;
  const found = new PlaceList(request);
  const perCall = Math.max(1, Math.floor(PLACES_PER_CALL / count));
  for await (const names of channelsOf(session, selectors)) {
    for (let from = 0; from < names.length; from += perCall) {
      if (isGone()) throw goneError();
      const piece = names.slice(from, from + perCall);
      const list = await findIn(session, piece, request);
      for (let i = 0; i < list.length; i += 2)
        found.add(String(list[i + 1]), piece[Number(list[i]) - 1] ?? "");
    }
  }
  return found.result;
}

/**
 * @returns for each message the number of its channel, and its position
 * @throws ForeverframeError FF_LOG_UNAVAILABLE, also where the epoch of `upTo` has ended
 */
async function findIn(
  session: RedisSession,
  names: readonly string[],
  { count, after, upTo }: NewestRequest,
): Promise<readonly Reply[]> {
  const argv = () => [count, session.continueFrom(after).after, endOf(session, upTo), ...names];
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const [word, found] = await session.call(NEWEST, names, argv);
    if (String(word) === "OK") return found as readonly Reply[];
    if (String(word) === "STRANGE") throw strangeError(String(found));
    await lose(session, textsOf(found));
  }
  throw changesNow();
}

/** The names of the channels that are selected, piece by piece; each comes once. */
async function* channelsOf(
  session: RedisSession,
  { names, patterns, matches }: SelectorSet,
): AsyncGenerator<readonly string[]> {
  if (names.length > 0) yield names;
  for (const prefix of literalPrefixes(patterns)) {
    for (let after = prefix, isMore = true; isMore; ) {
      const [, reply] = await session.call(CHANNELS, [], () => [after, CHANNELS_PER_CALL]);
      // Name, messages and last position of each
      const listed = (reply as readonly Reply[]).filter((_, i) => i % 3 === 0).map(String);
      yield listed.filter(
        (name) => name.startsWith(prefix) && matches(name) && !names.includes(name),
      );
      const last = listed.at(-1) ?? "";
      isMore = listed.length === CHANNELS_PER_CALL && last.startsWith(prefix);
      after = last;
    }
  }
}
