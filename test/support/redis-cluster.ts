import { freePort } from "./free-port.ts";
import { hasInfo, type RedisProcess, startRedis } from "./redis.ts";
import { eventually } from "./within.ts";

const SLOTS = 16_384;

/** A cluster of three masters with a replica each. */
export interface RedisCluster {
  /** For `--log`: names two of its nodes. */
  readonly url: string;
  readonly nodes: readonly RedisProcess[];
  /** The master that has a key. */
  masterOf(key: string): Promise<RedisProcess>;
  /** A replica of a master. */
  replicaOf(master: RedisProcess): Promise<RedisProcess>;
  /** Move the slot of a key, with all its keys, to another master. */
  moveSlot(key: string): Promise<void>;
}

interface ClusterNode extends RedisProcess {
  /** Where the other nodes reach it. */
  readonly clusterPort: number;
}

/** Start a cluster. A master counts as gone after two seconds. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 6 }, startNode));
  const [first] = nodes as [ClusterNode, ...ClusterNode[]];
  const masters = nodes.slice(0, 3);
  for (const [n, master] of masters.entries()) {
    const [from, to] = [n, n + 1].map((part) => Math.floor((SLOTS * part) / 3));
    await master.command("CLUSTER", "ADDSLOTSRANGE", String(from), String((to ?? 0) - 1));
    await master.command("CLUSTER", "SET-CONFIG-EPOCH", String(n + 1));
  }
  for (const node of nodes.slice(1)) {
    const { port, clusterPort } = node;
    await first.command("CLUSTER", "MEET", "127.0.0.1", String(port), String(clusterPort));
  }
  const knows = (node: RedisProcess, pattern: RegExp) => async () =>
    pattern.test(String(await node.command("CLUSTER", "INFO")));
  for (const node of nodes)
    await eventually(30_000, knows(node, /known_nodes:6/), "that the nodes know each other");
  for (const [n, master] of masters.entries()) {
    const replica = nodes[n + 3] as RedisProcess;
    await replica.command("CLUSTER", "REPLICATE", await idOf(master));
  }
  for (const node of nodes) await eventually(30_000, knows(node, /state:ok/), "the cluster");
  for (const replica of nodes.slice(3))
    await eventually(30_000, () => hasInfo(replica, "master_link_status:up"), "a replica");
  const find = async (found: (node: RedisProcess) => Promise<boolean>) => {
    for (const node of nodes) if (await found(node).catch(() => false)) return node;
    return false;
  };
  const masterOf = (key: string) =>
    eventually(
      20_000,
      () =>
        find(async (node) => {
          await node.command("EXISTS", key); // others say MOVED
          return true;
        }),
      "the master",
    );
  return {
    nodes,
    url: `redis-cluster://127.0.0.1:${nodes[1]?.port},127.0.0.1:${nodes[2]?.port}`,
    masterOf,
    replicaOf: (master) =>
      eventually(20_000, () => find((node) => hasInfo(node, `master_port:${master.port}`)), "one"),
    async moveSlot(key) {
      const source = await masterOf(key);
      const target = masters.find((node) => node !== source) as RedisProcess;
      const slot = String(await source.command("CLUSTER", "KEYSLOT", key));
      const [from, to] = [await idOf(source), await idOf(target)];
      await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", from);
      await source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", to);
      const keys = (await source.command("CLUSTER", "GETKEYSINSLOT", slot, "1000")) as string[];
      const address = ["127.0.0.1", String(target.port)];
      for (const each of keys) await source.command("MIGRATE", ...address, each, "0", "5000");
      for (const node of [target, source, ...masters])
        await node.command("CLUSTER", "SETSLOT", slot, "NODE", to);
    },
  };
}

async function startNode(): Promise<ClusterNode> {
  const clusterPort = await freePort();
  const cluster = ["--cluster-enabled", "yes", "--cluster-port", String(clusterPort)];
  const redis = await startRedis([...cluster, "--cluster-node-timeout", "2000"]);
  return { ...redis, clusterPort };
}

async function idOf(node: RedisProcess): Promise<string> {
  return String(await node.command("CLUSTER", "MYID"));
}
