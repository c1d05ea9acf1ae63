import { ask } from "../support/request.ts";
import { digestOf } from "./client-plan.ts";
import { CHANNELS } from "./publish-source.ts";
import { byId, isSame, type RunRecord, type SeenMessage } from "./run-record.ts";

/** What one of the servers gives of the log to those who read it. */
export interface KeptLog {
  readonly url: string;
  /** By channel, in log order. */
  readonly channels: ReadonlyMap<string, readonly SeenMessage[]>;
}

/** Read the whole log over HTTP. */
export async function readLog(url: string, record: RunRecord): Promise<KeptLog> {
  const channels = new Map<string, readonly SeenMessage[]>();
  for (const channel of CHANNELS) channels.set(channel, await readChannel(url, channel, record));
  return { url, channels };
}

async function readChannel(
  url: string,
  channel: string,
  record: RunRecord,
): Promise<readonly SeenMessage[]> {
  const kept: SeenMessage[] = [];
  for (let after = "earliest"; ; ) {
    const path = `/channels/${encodeURIComponent(channel)}/messages?after=${after}&limit=1000`;
    const { status, text, json } = await ask(url, "GET", path);
    if (status !== 200) throw new Error(`GET ${url}${path} is answered ${status}: ${text}`);
    for (const { id, channel, data } of json.messages) {
      kept.push({ id, channel, digest: digestOf(data) });
    }
    if (json.gaps.length > 0)
      record.wrong(`the log at ${url} tells of ${JSON.stringify(json.gaps)}`, null);
    if (json.cursor === after) return kept;
    after = json.cursor;
  }
}

/** The log has each acknowledged message of each channel once, and nothing else. */
export function checkLog({ url, channels }: KeptLog, record: RunRecord): void {
  for (const [channel, kept] of channels) {
    const due = record.acknowledgedMessages
      .filter((message) => message.channel === channel)
      .sort(byId);
    const first = due.findIndex((message, i) => !isSame(message, kept[i]));
    if (first < 0 && kept.length === due.length) continue;
    const at = first < 0 ? due.length : first;
    const [want, have] = [due[at], kept[at]];
    record.wrong(
      `the log of ${channel} at ${url} has ${have?.id ?? "nothing"} where ${want?.id ?? "nothing"} (publish ${want?.publish ?? "none"}) was acknowledged; it has ${kept.length} messages, ${due.length} were acknowledged`,
      null,
    );
  }
}

/** What each log has of a message, as lines. */
export function describeKept(message: SeenMessage, logs: readonly KeptLog[]): string {
  const { id, channel, digest } = message;
  return logs
    .map(({ url, channels }) => {
      const kept = channels.get(channel) ?? [];
      const at = kept.findIndex((other) => other.id >= id);
      const found = kept[at];
      const before = kept[(at < 0 ? kept.length : at) - 1];
      const place = `of ${channel} after ${before?.id ?? "nothing"}`;
      if (found?.id !== id)
        return `\n  the log at ${url} has no ${id}: it has ${found?.id ?? "nothing"} ${place}`;
      const data = found.digest === digest ? "the same data" : "other data";
      return `\n  the log at ${url} has ${id} with ${data}, ${place}`;
    })
    .join("");
}
