import type { ErrorCode } from "../errors.ts";
import { CLOSE_REASON_NAMES, type CloseReason } from "./close-reason.ts";
import { Histogram, type HistogramFigures } from "./histogram.ts";
import type { LifeListener } from "./life-listener.ts";
import type { Stream } from "./stream.ts";
import type { Receipt } from "./summaries.ts";
import { TRANSPORTS, type TransportName } from "./transport.ts";

/** What a process has done since it started, as JSON. Everything only rises. */
export interface TallyFigures {
  /** Streams opened, by transport. */
  readonly opened: Readonly<Record<TransportName, number>>;
  /** Streams closed, by reason. */
  readonly closed: Readonly<Record<CloseReason, number>>;
  /** Messages that the log took from this process, and the bytes of their data. */
  readonly published: number;
  readonly publishedBytes: number;
  /** Publish connections opened, and closed. */
  readonly publishConnections: { readonly opened: number; readonly closed: number };
  /** Lines that were answered, or will be, on publish connections. */
  readonly publishLines: number;
  /** Messages given to streams: one message given to three streams counts three times. */
  readonly delivered: number;
  /** The bytes of these deliveries, in the form of each transport. */
  readonly deliveredBytes: number;
  /** Those of `delivered` that were read from the log for streams that were behind it. */
  readonly replayed: number;
  /** Gaps that streams were told of. */
  readonly gaps: number;
  /** Requests refused, by code; codes that did not occur are left out. */
  readonly refused: Readonly<Partial<Record<ErrorCode, number>>>;
  /** From the call of the log to its answer, for each publish. */
  readonly append: HistogramFigures;
  /**
   * From the append of a message to its write to a live stream, for each delivery: counted as the
   * longest of the messages that were delivered together.
   */
  readonly latency: HistogramFigures;
}

/** A record with a number for each key. */
export function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}

/** Counts what a process does. Its numbers are plain fields, since some rise with each delivery. */
export class Tally implements LifeListener {
  published = 0;
  publishedBytes = 0;
  readonly publishConnections = { opened: 0, closed: 0 };
  publishLines = 0;
  delivered = 0;
  deliveredBytes = 0;
  replayed = 0;
  gaps = 0;
  readonly append = new Histogram();
  readonly latency = new Histogram();
  readonly #opened = zeros(TRANSPORTS);
  readonly #closed = zeros(CLOSE_REASON_NAMES);
  readonly #refused = new Map<ErrorCode, number>();

  onOpened(stream: Stream): void {
    this.#opened[stream.view.encoding.transport]++;
  }

  onClosed(_stream: Stream, { reason }: Receipt): void {
    this.#closed[reason]++;
  }

  onGap(): void {
    this.gaps++;
  }

  /** A request was refused. */
  refuse(code: ErrorCode): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
  }

  figures(): TallyFigures {
    const { published, publishedBytes, publishLines, publishConnections } = this;
    const { delivered, deliveredBytes, replayed, gaps } = this;
    return {
      opened: { ...this.#opened },
      closed: { ...this.#closed },
      ...{ published, publishedBytes, publishLines, delivered, deliveredBytes, replayed, gaps },
      publishConnections: { ...publishConnections },
      refused: Object.fromEntries(this.#refused),
      append: this.append.figures(),
      latency: this.latency.figures(),
    };
  }
}
