/**
 * What a log keeps in Redis, in the order in which every script gets the keys. A script that
 * concerns single channels gets their keys (see {@link RedisKeys.channel}) after these.
 *
 * - `marks` hash: `epoch`, `tip`, `forgottenTo`, `trimmedTo` (positions), `messages`, `channels`,
 *   `bytes` (sums), `time` (Unix ms of the newest append), `lostTo` (the position at which the
 *   epoch began), `committed` (up to here replicas have all, see `RedisCommits`), `waits` and
 *   `waitsUntil` (how many replicas are awaited, and Unix ms until which somebody does), `life` and
 *   `keeping` of the Redis that has it (see `RedisServer`), `retention`, `indexedTo`, `sweptTo`
 *   (upkeep)
 * - `names` sorted set, by name: the channels that keep messages
 * - `records` hash by channel: `messages trimmedTo last bytes`
 * - `index` sorted set, by member: a position and its channel, see `common` in `lua.ts`
 * - `data` hash by position: Unix ms, then `=` and the data, or `@` and the name of shared data
 * - `due` sorted set of channels, by the Unix ms from which they have something to remove
 * - `shared`, `sharedRows` hashes by name: data that several messages have, and how many do
 * - `keys` hash, `expiries` sorted set: idempotency keys, and the Unix ms at which they end
 * - `revoked` sorted set, by number: revocations as JSON
 */
const NAMES = [
  "marks",
  "names",
  "records",
  "index",
  "data",
  "due",
  "shared",
  "sharedRows",
  "keys",
  "expiries",
  "revoked",
] as const;

/** The names of a log's keys. All have one hash tag, so a cluster keeps them in one slot. */
export interface RedisKeys {
  /** In the order of `NAMES`. */
  readonly fixed: readonly string[];
  /** What the keys of channels begin with. */
  readonly channels: string;
  /**
   * The stream that lists a channel's messages: fields `t` (Unix ms), `b` (bytes), `s` (name of
   * shared data).
   */
  channel(name: string): string;
}

/** @param prefix without braces, such as `ff:` */
export function createRedisKeys(prefix: string): RedisKeys {
  const channels = `{${prefix}}c:`;
  return {
    fixed: NAMES.map((name) => `{${prefix}}${name}`),
    channels,
    channel: (name) => channels + name,
  };
}
