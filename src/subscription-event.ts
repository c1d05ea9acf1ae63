/**
 * A value that JSON can carry. Members that are undefined are left out, as `JSON.stringify` does.
 */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue | undefined };

/** One message. */
export interface MessageEvent {
  readonly type: "message";
  /** Its place in the log. Give it as `after` to resume behind this message. */
  readonly id: string;
  readonly channel: string;
  /** When it was published, in Unix ms. */
  readonly time: number;
  readonly data: JsonValue;
}

/** Says that messages of `channels` after `after`, up to and including `upTo`, may be missing. */
export interface GapEvent {
  readonly type: "gap";
  readonly after: string;
  readonly upTo: string;
  readonly channels: readonly string[];
  /** `expired`: the log no longer keeps them. `epoch`: `after` belongs to another log. */
  readonly reason: "expired" | "epoch";
}

/** What a subscription yields. */
export type SubscriptionEvent = MessageEvent | GapEvent;
