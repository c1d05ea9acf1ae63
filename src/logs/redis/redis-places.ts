import type { FoundPlaces, PlacesRequest } from "../../core/log.ts";
import type { Reply } from "../../redis/redis-client.ts";
import { goneError } from "../log-errors.ts";
import { PlaceList } from "../place-list.ts";
import { literalPrefixes } from "../table-reads.ts";
import { CHANNELS, PLACES } from "./read-scripts.ts";
import { changesNow, endOf, lose, MAX_ATTEMPTS, strangeError, textsOf } from "./redis-reads.ts";
import type { RedisSession } from "./redis-session.ts";

/** Channels that are listed in one call. */
const CHANNELS_PER_CALL = 1_000;

/** Messages that are found in one call, so that it holds Redis up for 2 ms or so. */
const PLACES_PER_CALL = 500;

/** What one request wants, and what was found of it. */
interface Want {
  readonly request: PlacesRequest;
  readonly found: PlaceList;
}

/** See `MessageLog.findPlaces`. */
export async function findPlacesInRedis(
  session: RedisSession,
  requests: readonly PlacesRequest[],
  isGone: () => boolean,
): Promise<readonly FoundPlaces[]> {
  const wants = requests.map((request) => ({ request, found: new PlaceList(request) }));
  const look = async (want: Want, names: readonly string[]) => {
    let { after } = session.continueFrom(want.request.after);
    for (let from = 0; from < names.length; ) {
      if (isGone()) throw goneError();
      const piece = names.slice(from, from + PLACES_PER_CALL);
      const { done, rest } = await lookAt(session, want, piece, after);
      from += done;
      after = rest ?? session.continueFrom(want.request.after).after;
    }
  };
  for (const want of wants) await look(want, want.request.selectors.names);
  const patterns = requests.flatMap(({ selectors }) => selectors.patterns);
  for await (const listed of channelsOf(session, patterns)) {
    if (isGone()) throw goneError();
    for (const want of wants) await look(want, wantedOf(session, want, listed));
  }
  return wants.map(({ found }) => found.result);
}

/** A channel of a listing. */
interface Listed {
  readonly name: string;
  /** Position of its last message. */
  readonly last: string;
}

function wantedOf(
  session: RedisSession,
  { request }: Want,
  listed: readonly Listed[],
): readonly string[] {
  const { names, matches } = request.selectors;
  const { after } = session.continueFrom(request.after);
  return listed
    .filter(({ name, last }) => last > after && matches(name) && !names.includes(name))
    .map(({ name }) => name);
}

/**
 * Look at the lists of some channels; of the last ones it may be too much.
 *
 * @returns how many of them are done; and, where the next one was begun, the position behind which
 *   it goes on
 * @throws ForeverframeError FF_LOG_UNAVAILABLE, also where the epoch of `upTo` has ended
 */
async function lookAt(
  session: RedisSession,
  { request, found }: Want,
  names: readonly string[],
  after: string,
): Promise<{ readonly done: number; readonly rest: string | null }> {
  const { upTo, count } = request;
  // Where the newest are wanted, they are the newest of the whole stretch.
  const high = () => {
    const end = endOf(session, upTo);
    return count === null ? earlierPosition(end, found.end) : end;
  };
  const argv = () => [
    count ?? PLACES_PER_CALL,
    after,
    high(),
    count === null ? "oldest" : "newest",
    PLACES_PER_CALL,
    ...names,
  ];
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const [word, done, list] = await session.call(PLACES, names, argv);
    if (String(word) === "STRANGE") throw strangeError(String(done));
    if (String(word) === "LOST") {
      await lose(session, textsOf(done));
      continue;
    }
    const places = list as readonly Reply[];
    for (let i = 0; i < places.length; i += 2)
      found.add(String(places[i + 1]), names[Number(places[i]) - 1] ?? "");
    const last = places.at(-2);
    const ofLast = places.filter((place, i) => i % 2 === 0 && place === last).length;
    return count === null && ofLast === PLACES_PER_CALL
      ? { done: Number(last) - 1, rest: String(places.at(-1)) }
      : { done: Number(done), rest: null };
  }
  throw changesNow();
}

function earlierPosition(a: string, b: string): string {
  return a < b ? a : b;
}

/** The channels that patterns may match, piece by piece; each comes once. */
async function* channelsOf(
  session: RedisSession,
  patterns: readonly string[],
): AsyncGenerator<readonly Listed[]> {
  for (const prefix of literalPrefixes(patterns)) {
    for (let after = prefix, isMore = true; isMore; ) {
      const [, reply] = await session.call(CHANNELS, [], () => [after, CHANNELS_PER_CALL]);
      const texts = textsOf(reply);
      const listed: Listed[] = [];
      // Name, messages and last position of each
      for (let i = 0; i < texts.length; i += 3)
        listed.push({ name: texts[i] ?? "", last: texts[i + 2] ?? "" });
      yield listed.filter(({ name }) => name.startsWith(prefix));
      const last = listed.at(-1)?.name ?? "";
      isMore = listed.length === CHANNELS_PER_CALL && last.startsWith(prefix);
      after = last;
    }
  }
}
