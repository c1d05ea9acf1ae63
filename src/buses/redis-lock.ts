import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../redis/redis-client.ts";

/**
 * Take a lock that nobody has, or keep one's own for longer. One that would stay for longer than a
 * holder may be silent was set by hand, or when the clock of Redis was ahead.
 */
const HOLD = `
local holder = redis.call("GET", KEYS[1])
if holder and holder ~= ARGV[1] then
  local left = redis.call("PTTL", KEYS[1])
  if left < 0 or left > tonumber(ARGV[2]) then redis.call("PEXPIRE", KEYS[1], ARGV[2]) end
  return 0
end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return 1
`;

/** Release a lock only if it is still one's own. */
const RELEASE = `
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0
`;

/** Who waits for a lock looks this often, in ms. */
const LOOK_MS = 20;

/** Something that one holder in all processes has at a time. It falls when its holder is silent. */
export class RedisLock {
  readonly #client: () => Client;
  readonly #key: string;
  readonly #holder: string;
  readonly #ms: number;

  /**
   * @param client the connection to Redis that there is now
   * @param ms how long it is held without being held again
   */
  constructor(client: () => Client, key: string, holder: string, ms: number) {
    this.#client = client;
    this.#key = key;
    this.#holder = holder;
    this.#ms = ms;
  }

  /**
   * Take it, or hold it for longer.
   *
   * @returns whether this holder has it now
   * @throws the client's error: Redis is away
   */
  async hold(): Promise<boolean> {
    const arguments_ = [this.#holder, String(this.#ms)];
    const reply = await this.#client().eval(HOLD, { keys: [this.#key], arguments: arguments_ });
    return Number(reply) === 1;
  }

  /**
   * Take it, after others that have it now.
   *
   * @param ms how long they are waited for
   * @returns whether this holder has it now
   * @throws the client's error: Redis is away
   */
  async holdWithin(ms: number): Promise<boolean> {
    const deadline = performance.now() + ms;
    while (!(await this.hold())) {
      if (performance.now() > deadline) return false;
      await pause(LOOK_MS);
    }
    return true;
  }

  /** @throws the client's error: it falls by itself then */
  async release(): Promise<void> {
    await this.#client().eval(RELEASE, { keys: [this.#key], arguments: [this.#holder] });
  }
}
