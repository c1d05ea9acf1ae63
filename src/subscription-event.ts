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

/**
 * A type whose values JSON can carry, or `never`. Unlike {@link JsonValue} it takes interfaces, and
 * objects with a `toJSON` such as a Date.
 */
export type JsonInput<T> = T extends string | number | boolean | null
  ? T
  : T extends bigint | symbol | undefined | ((...parameters: never[]) => unknown)
    ? never
    : T extends {
          /** Gives what `JSON.stringify` writes instead. */
          toJSON(): unknown;
        }
      ? T
      : T extends object
        ? { [K in keyof T]: JsonInput<T[K]> | Extract<T[K], undefined> }
        : never;

/** One message. */
export interface MessageEvent<Data = JsonValue> {
  readonly type: "message";
  /** Its place in the log. Give it as `after` to resume behind this message. */
  readonly id: string;
  readonly channel: string;
  /** When it was published, in Unix ms. */
  readonly time: number;
  readonly data: Data;
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

/**
 * Says once that all that was asked for of what is kept has been given: what follows is new. See
 * `live` of the options.
 */
export interface LiveEvent {
  readonly type: "live";
  /** Where the subscription is in the log. */
  readonly cursor: string;
}

/** What a subscription yields. */
export type SubscriptionEvent<Data = JsonValue> = MessageEvent<Data> | GapEvent | LiveEvent;
