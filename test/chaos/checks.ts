import { describeKept, type KeptLog } from "./kept-log.ts";
import {
  type AcknowledgedMessage,
  byId,
  type ClientRecord,
  compare,
  isSame,
  type RunRecord,
  type SeenMessage,
} from "./run-record.ts";

/** Whether selectors, separated by commas, want a channel's messages. */
function wants(channels: string, channel: string): boolean {
  const segments = channel.split(".");
  return channels.split(",").some((selector) => {
    const parts = selector.split(".");
    const long = parts.at(-1) === "**" ? segments.length >= parts.length : false;
    if (!long && segments.length !== parts.length) return false;
    return parts.every((part, i) => part === "*" || part === "**" || part === segments[i]);
  });
}

/** What a client has to be given, in log order: what was published after its first open. */
export function dueTo({ plan, firstOpen }: ClientRecord, record: RunRecord): AcknowledgedMessage[] {
  if (firstOpen === null) return [];
  const { cursor, at } = firstOpen;
  return record.acknowledgedMessages
    .filter(
      ({ id, channel, startedAt }) =>
        wants(plan.channels, channel) && (id > cursor || startedAt > at),
    )
    .sort(byId);
}

/**
 * Hold what a client was given to what is due to it: each once, in log order, equal, and nothing
 * else.
 *
 * @param logs as the servers have them; they say more about what is wrong
 */
export function checkClient(
  client: ClientRecord,
  record: RunRecord,
  logs: readonly KeptLog[],
): void {
  const due = dueTo(client, record);
  const given = client.messages;
  const first = due.findIndex((message, i) => !isSame(message, given[i]));
  const at = first < 0 && given.length > due.length ? due.length : first;
  if (at < 0) return;
  const what = describeFirstWrong(due[at], given, at, record);
  const [about] = [due[at], given[at]].filter((message) => message !== undefined).sort(byId);
  const kept = about === undefined ? "" : describeKept(about, logs);
  client.wrong(`${what}${kept}`, client.faultsBefore[at]);
}

function describeFirstWrong(
  due: AcknowledgedMessage | undefined,
  given: readonly SeenMessage[],
  at: number,
  { acknowledgedMessages }: RunRecord,
): string {
  const came = given[at];
  const place = `as number ${at + 1} of ${given.length}, after ${given[at - 1]?.id ?? "open"}`;
  if (due !== undefined && (came === undefined || came.id > due.id))
    return `is not given ${due.id} of ${due.channel} (publish ${due.publish}), ${place}; ${came?.id ?? "nothing more"} comes`;
  if (due !== undefined && came?.id === due.id)
    return `is given ${came.id} of ${came.channel} ${place}, with other data or channel than publish ${due.publish} has`;
  if (given.slice(0, at).some(({ id }) => id === came?.id))
    return `is given ${came?.id} of ${came?.channel} again, ${place}`;
  const same = acknowledgedMessages.find(({ digest }) => digest === came?.digest);
  return `is given ${came?.id} of ${came?.channel} ${place}, which is not due to it; its data is ${same === undefined ? "nobody's" : `that of publish ${same.publish}, answered with ${same.id}`}`;
}

/** Clients of the same selectors have the same sequence, from where both were there. */
export function checkAlike(clients: readonly ClientRecord[]): void {
  const groups = new Map<string, ClientRecord[]>();
  for (const client of clients) {
    const { channels } = client.plan;
    groups.set(channels, [...(groups.get(channels) ?? []), client]);
  }
  for (const group of groups.values()) {
    const start =
      group
        .map(({ firstOpen }) => firstOpen?.cursor ?? "")
        .sort(compare)
        .at(-1) ?? "";
    const sequences = group.map(({ messages }) => messages.filter(({ id }) => id > start));
    const [model = []] = sequences;
    sequences.forEach((sequence, i) => {
      const length = Math.max(model.length, sequence.length);
      const at = Array.from({ length }).findIndex((_, n) => model[n] !== sequence[n]);
      if (at < 0) return;
      group[i]?.wrong(
        `is given ${sequence[at]?.id ?? "nothing"} where client ${group[0]?.number} of the same selectors is given ${model[at]?.id ?? "nothing"}`,
      );
    });
  }
}

/** Each publish is in one piece: nothing stands between the messages that it made. */
export function checkPieces(record: RunRecord): void {
  const ended = new Set<string>();
  let last: string | null = null;
  for (const { id, publish } of [...record.acknowledgedMessages].sort(byId)) {
    if (publish === last) continue;
    if (ended.has(publish))
      record.wrong(`${id} of publish ${publish} stands apart from its others`, null);
    if (last !== null) ended.add(last);
    last = publish;
  }
}
