/** Everything that the doctor has measured on one path, before anything is concluded from it. */
export interface Measures {
  /** Ms for a short answer of the server, its connection included. */
  readonly reachMs: number;
  /** Headers by which proxies show themselves, by name in lower case. */
  readonly traces: Readonly<Record<string, string>>;
  readonly frame: StreamMeasure;
  readonly sse: StreamMeasure;
  readonly webSocket: WebSocketMeasure;
  /** Null where no message could be published. */
  readonly delivery: DeliveryMeasure | null;
  /** Why no message could be published; null where it could, or was not tried. */
  readonly publishFault: string | null;
  /** Null where no stream was open. */
  readonly idle: IdleMeasure | null;
  readonly close: CloseMeasure | null;
  /** Ms until the server noticed that a client had gone; null if it did not in time. */
  readonly goneMs: number | null | undefined;
}

/** How a stream was opened. */
export interface StreamMeasure {
  /** Status of its answer; null where none came. */
  readonly status: number | null;
  /** Ms until the head, the first byte, and the `open` event were there; null for never. */
  readonly headMs: number | null;
  readonly firstByteMs: number | null;
  readonly openMs: number | null;
  /** Characters of the answer up to the end of its first event. */
  readonly padding: number | null;
  readonly httpVersion: string | null;
  readonly contentEncoding: string | null;
  readonly cacheControl: string | null;
  readonly contentLength: string | null;
  /** Code and sentence of a refusal. */
  readonly refusal: { readonly code: string; readonly detail: string } | null;
  /** Why the connection ended before anything was said; null if it did not. */
  readonly fault: string | null;
}

/** How a WebSocket was opened. */
export interface WebSocketMeasure {
  /** Ms until the `open` event was there; null for never. */
  readonly openMs: number | null;
  /** Status of the answer where it was not an upgrade. */
  readonly status: number | null;
  readonly fault: string | null;
}

/** How messages came that were published one after the other. */
export interface DeliveryMeasure {
  /** Ms from the request that published a message until it came; null for one that never came. */
  readonly roundTripsMs: readonly (number | null)[];
  /** Ms from the answer to the publish until the message came: the server sends both at once. */
  readonly lateMs: readonly (number | null)[];
  /** Whether a message came only when the next one was published. */
  readonly isBehind: boolean;
}

/** What became of a stream on which nothing was published. */
export interface IdleMeasure {
  readonly seconds: number;
  /** What the server promises as its longest silence, in ms. */
  readonly heartbeatMs: number;
  /** Pieces that came meanwhile. */
  readonly heartbeats: number;
  /** The longest silence that was seen, in ms. */
  readonly silenceMs: number;
  /** Ms of silence after which the connection was cut; null if it was not. */
  readonly cutAfterMs: number | null;
}

/** How a stream was closed by a request on another connection. */
export interface CloseMeasure {
  /** Ms until the request was answered; null if it was not. */
  readonly answerMs: number | null;
  /** Ms until the stream's `close` event came, and until the answer ended; null for never. */
  readonly eventMs: number | null;
  readonly endMs: number | null;
  /** Whether the server takes a page's own origin for another site's. */
  readonly isOriginRefused: boolean;
}
