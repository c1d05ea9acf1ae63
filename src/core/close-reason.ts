/**
 * Why a stream ended.
 *
 * - `client`: its own client closed it.
 * - `admin`: the application or an operator closed it.
 * - `expired`: the time that its client was given is over.
 * - `replaced`: a newer stream of the same client took its place.
 * - `recycle`: its response had grown large or old.
 * - `slow`: its client did not read.
 * - `shutdown`: the server stopped.
 * - `gone`: its connection broke.
 *
 * After the first four its client stays away; after the others it comes back.
 */
export type CloseReason =
  | "client"
  | "admin"
  | "expired"
  | "replaced"
  | "recycle"
  | "slow"
  | "shutdown"
  | "gone";

/** What a close tells the stream's client besides its reason. */
export interface CloseDetails {
  /** How long the client waits before it comes back, in ms; 0 for at once, or not at all. */
  readonly retryMs?: number;
  /** What an admin says to the person at the client; null for nothing. See `isCloseText`. */
  readonly text?: string | null;
}

/** The longest text of a close, in characters. */
export const MAX_CLOSE_TEXT = 500;

/** Whether a value may be the text of a close: a string of at most {@link MAX_CLOSE_TEXT}. */
export function isCloseText(value: unknown): value is string {
  return typeof value === "string" && [...value].length <= MAX_CLOSE_TEXT;
}

const CLOSE_REASONS: Readonly<Record<CloseReason, { readonly reconnect: boolean }>> = {
  client: { reconnect: false },
  admin: { reconnect: false },
  expired: { reconnect: false },
  replaced: { reconnect: false },
  recycle: { reconnect: true },
  slow: { reconnect: true },
  shutdown: { reconnect: true },
  gone: { reconnect: true },
};

/** All reasons. */
export const CLOSE_REASON_NAMES = Object.keys(CLOSE_REASONS) as readonly CloseReason[];

/** Whether clients come back by themselves after a close with this reason. */
export function reconnects(reason: CloseReason): boolean {
  return CLOSE_REASONS[reason].reconnect;
}
