import { createClient } from "@redis/client";

/** What a Redis has done since it was started. */
export interface RedisFigures {
  /** Requests of its clients; what scripts call is not counted. */
  readonly requests: number;
  /** To and from its clients. */
  readonly bytes: number;
  /** Of all its threads. */
  readonly cpuUs: number;
}

/** Commands that only scripts of the log use: its clients send scripts instead. */
const INNER =
  /^cmdstat_(?:hget|hset|hmget|hdel|hlen|hincrby|z\w+|x\w+|unlink|time|get|exists|type)$/;

/** Ask a Redis what it has done. */
export async function readRedisFigures(url: string): Promise<RedisFigures> {
  const client = createClient({ url, RESP: 2 });
  client.on("error", () => {}); // the command below fails
  await client.connect();
  try {
    const lines = String(await client.sendCommand(["INFO", "everything"])).split("\r\n");
    const info = new Map(lines.map((line) => splitOnce(line)));
    const number = (name: string) => Number(info.get(name) ?? 0);
    let requests = 0;
    for (const [name, value] of info)
      if (name.startsWith("cmdstat_") && !INNER.test(name))
        requests += Number(/^calls=(\d+)/.exec(value)?.[1] ?? 0);
    return {
      requests,
      bytes: number("total_net_input_bytes") + number("total_net_output_bytes"),
      cpuUs: 1e6 * (number("used_cpu_sys") + number("used_cpu_user")),
    };
  } finally {
    client.destroy();
  }
}

function splitOnce(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1)];
}
