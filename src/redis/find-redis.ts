import {
  createOneClient,
  endClient,
  isReplyOf,
  type Reply,
  sendOn,
  withDeadline,
} from "./redis-client.ts";
import { formatAddresses, type RedisAddress, type RedisTarget } from "./redis-url.ts";

/** Longest wait for a sentinel, or for a node of a cluster, in ms: they answer in one. */
const ASK_MS = 1_000;

/** Redirections that are followed; one is enough in a cluster whose nodes agree. */
const MAX_REDIRECTIONS = 5;

/** What a sentinel knows. */
interface Known {
  readonly address: RedisAddress;
  /** Rises with each failover. */
  readonly configEpoch: number;
  /** Whether it makes a replica the master now. */
  readonly isChanging: boolean;
}

/**
 * Find the master that has a key now.
 *
 * @throws Error: nobody has said where it is
 */
export async function findRedis(target: RedisTarget, key: string): Promise<RedisAddress> {
  switch (target.kind) {
    case "single":
      return target.addresses[0] as RedisAddress;
    case "sentinel":
      return askSentinels(target);
    case "cluster":
      return askNodes(target, key);
  }
}

/**
 * Ask all sentinels at once, and believe the one that knows of the latest failover: one that was
 * cut off may still name the master from before.
 */
async function askSentinels(target: RedisTarget): Promise<RedisAddress> {
  const { addresses, masterName } = target;
  const asked = addresses.map((address) => withDeadline(askSentinel(target, address), ASK_MS));
  const answers = await Promise.allSettled(asked);
  const known = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  // The old master may have come back meanwhile, without its data: nobody may begin a log there.
  if (known.some(({ isChanging }) => isChanging))
    throw new Error(`The sentinels make another Redis the master "${masterName}" now`);
  const newest = known.toSorted((a, b) => b.configEpoch - a.configEpoch)[0];
  if (newest !== undefined) return newest.address;
  const [first] = answers.flatMap((answer) =>
    answer.status === "rejected" ? [reasonOf(answer.reason)] : [],
  );
  throw new Error(
    `No sentinel at ${formatAddresses(target)} says where the master "${masterName}" is: ${first}`,
  );
}

async function askSentinel(target: RedisTarget, address: RedisAddress): Promise<Known> {
  const open = { ...target, username: "", password: "", database: 0 };
  try {
    return await askMaster(open, address);
  } catch (error) {
    // Sentinels may have the password of Redis, or none.
    if (!isReplyOf(error, "NOAUTH") || target.password === "") throw error;
    return askMaster({ ...target, database: 0 }, address);
  }
}

async function askMaster(target: RedisTarget, address: RedisAddress): Promise<Known> {
  const reply = await askOnce(target, address, ["SENTINEL", "MASTER", target.masterName]);
  const fields = new Map<string, string>();
  const list = (reply as readonly Reply[]).map(String);
  for (let i = 0; i < list.length; i += 2) fields.set(list[i] ?? "", list[i + 1] ?? "");
  const host = fields.get("ip") ?? "";
  const port = Number(fields.get("port"));
  if (host === "" || !(port > 0)) throw new Error("A sentinel's answer has no address");
  const isChanging = fields.get("flags")?.includes("failover_in_progress") ?? false;
  const configEpoch = Number(fields.get("config-epoch")) || 0;
  return { address: { host, port }, configEpoch, isChanging };
}

/** Ask one node after the other, until one says who has the key, and that one says so, too. */
async function askNodes(target: RedisTarget, key: string): Promise<RedisAddress> {
  let failure: unknown = null;
  for (const seed of target.addresses) {
    try {
      return await followFrom(target, seed, key);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function followFrom(
  target: RedisTarget,
  seed: RedisAddress,
  key: string,
): Promise<RedisAddress> {
  let address = seed;
  for (let n = 0; n < MAX_REDIRECTIONS; n++) {
    try {
      await withDeadline(askOnce(target, address, ["EXISTS", key]), ASK_MS);
      return address;
    } catch (error) {
      const next = movedTo(error, address);
      if (next === null) throw error;
      address = next;
    }
  }
  throw new Error("The nodes of the cluster don't agree who has the log");
}

/** `MOVED 3999 127.0.0.1:6381`: without a host it is the one that was asked. */
function movedTo(error: unknown, asked: RedisAddress): RedisAddress | null {
  if (!isReplyOf(error, "MOVED ")) return null;
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(error.message) ?? [];
  if (port === undefined) return null;
  return { host: host === "" || host === "?" ? asked.host : (host as string), port: Number(port) };
}

/** Send one command on a connection of its own. */
async function askOnce(
  target: RedisTarget,
  address: RedisAddress,
  command: readonly string[],
): Promise<Reply> {
  const client = createOneClient(target, address, ASK_MS);
  client.on("error", () => {}); // what is awaited is rejected
  const late = setTimeout(() => endClient(client), ASK_MS);
  try {
    await client.connect();
    return await sendOn(client, command);
  } finally {
    clearTimeout(late);
    endClient(client);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || String(error) : String(error);
}
