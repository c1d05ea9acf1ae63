import type { Scheduler } from "./scheduler.ts";
import { forEachInSlices } from "./slices.ts";
import type { Stream } from "./stream.ts";
import type { StreamSummary } from "./summaries.ts";

/** What a listing can be sorted by: by handle the first opened come first, else the largest. */
export const SORT_KEYS = ["handle", "age", "lag", "bytes", "messages", "queued"] as const;

/** One of {@link SORT_KEYS}. */
export type SortKey = (typeof SORT_KEYS)[number];

/** Where a stream is in a listing. Listings go on after one. */
export interface ListPlace {
  /** By what the listing is sorted, negative where the largest come first. */
  readonly rank: number;
  /** Decides where ranks are equal. */
  readonly handle: number;
}

/** Which streams to list. */
export interface ListRequest {
  /** Null for the first page. */
  readonly after: ListPlace | null;
  /** 1 to 1,000. */
  readonly limit: number;
  readonly sort: SortKey;
  /** Only streams of this client; null for any. */
  readonly client: string | null;
  /** Only streams that get the messages of this channel; null for any. */
  readonly channel: string | null;
  /** Only streams of this transport; null for any. */
  readonly transport: string | null;
}

/**
 * Streams by handle, unless something else is asked for.
 *
 * @param after a handle; 0 for the first page
 */
export function listRequest(
  after: number,
  limit: number,
  other: Partial<ListRequest> = {},
): ListRequest {
  const place = after === 0 ? null : { rank: after, handle: after };
  return {
    ...{ after: place, limit, sort: "handle", client: null, channel: null, transport: null },
    ...other,
  };
}

/** A listed stream, and its place. */
export interface ListedStream {
  readonly place: ListPlace;
  readonly summary: StreamSummary;
}

/**
 * The first streams of a listing, in its order, and how many it has in all.
 *
 * Only as many as are returned are kept in order, so a page of a listing of many thousands costs
 * one look at each.
 */
export async function listStreams(
  streams: Iterable<Stream>,
  request: ListRequest,
  scheduler: Scheduler,
): Promise<{ readonly streams: readonly ListedStream[]; readonly total: number }> {
  const { after, limit } = request;
  const page: { readonly place: ListPlace; readonly stream: Stream }[] = [];
  let total = 0;
  const now = scheduler.monotonicMs();
  const unixNow = scheduler.unixMs();
  await forEachInSlices(streams, scheduler, (stream) => {
    if (stream.closed || !isWanted(stream, request)) return;
    total++;
    const place = placeOf(stream, request.sort, now, unixNow);
    if (after !== null && comparePlaces(place, after) <= 0) return;
    const last = page.at(-1);
    if (page.length === limit && last !== undefined && comparePlaces(place, last.place) > 0) return;
    page.splice(indexFor(place, page), 0, { place, stream });
    if (page.length > limit) page.pop();
  });
  return {
    streams: page.map(({ place, stream }) => ({ place, summary: stream.summarize(now, unixNow) })),
    total,
  };
}

/** Which of two comes first in a listing. */
export function comparePlaces(a: ListPlace, b: ListPlace): number {
  return a.rank - b.rank || a.handle - b.handle;
}

function indexFor(place: ListPlace, page: readonly { readonly place: ListPlace }[]): number {
  let low = 0;
  let high = page.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = page[middle];
    if (other !== undefined && comparePlaces(other.place, place) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isWanted(
  { client, view }: Stream,
  request: Pick<ListRequest, "client" | "channel" | "transport">,
): boolean {
  if (request.client !== null && client !== request.client) return false;
  if (request.transport !== null && view.encoding.transport !== request.transport) return false;
  return request.channel === null || view.selectors.matches(request.channel);
}

function placeOf(stream: Stream, sort: SortKey, now: number, unixNow: number): ListPlace {
  const { handle } = stream;
  switch (sort) {
    case "handle":
      return { rank: handle, handle };
    case "age":
      return { rank: stream.openedUnixMs, handle };
    case "lag":
      return { rank: -stream.lagMs(unixNow), handle };
    case "queued":
      return { rank: -stream.sink.queuedBytes, handle };
    case "bytes":
      return { rank: -stream.summarize(now, unixNow).bytes, handle };
    case "messages":
      return { rank: -stream.summarize(now, unixNow).messages, handle };
  }
}
