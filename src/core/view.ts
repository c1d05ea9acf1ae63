import type { SelectorSet } from "./channel-name.ts";
import type { StoredMessage } from "./log.ts";
import type { Stream } from "./stream.ts";
import type { Encoding } from "./transport.ts";

/** Messages in the final bytes of one view. */
export interface EncodedMessages {
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * All streams that want the same bytes: the same selectors in the same transport and framing.
 *
 * What is new is encoded once for all of them. (By channel it would have to be sorted again for a stream on two
 * channels, and a message would come twice where selectors overlap.)
 */
export class View {
  readonly selectors: SelectorSet;
  readonly encoding: Encoding;
  /** Streams that have been given everything up to the tailer's position, and take more. */
  readonly live = new Set<Stream>();
  /** Streams of this view, live or not. */
  streams = 0;

  constructor(selectors: SelectorSet, encoding: Encoding) {
    this.selectors = selectors;
    this.encoding = encoding;
  }

  /** Encode those of `messages` that this view wants; null if it wants none. */
  encode(messages: readonly StoredMessage[]): EncodedMessages | null {
    const wanted = messages.filter(({ channel }) => this.selectors.matches(channel));
    if (wanted.length === 0) return null;
    return { bytes: this.encoding.messages(wanted), count: wanted.length };
  }
}

/** The views in use. */
export class Views implements Iterable<View> {
  readonly #views = new Map<string, View>();

  /** The view for these selectors and this encoding, with one stream more. */
  join(selectors: SelectorSet, encoding: Encoding): View {
    const key = viewKey(selectors, encoding);
    let view = this.#views.get(key);
    if (view === undefined) {
      view = new View(selectors, encoding);
      this.#views.set(key, view);
    }
    view.streams++;
    return view;
  }

  /** A stream of the view has ended. */
  leave(view: View, stream: Stream): void {
    view.live.delete(stream);
    view.streams--;
    if (view.streams === 0) this.#views.delete(viewKey(view.selectors, view.encoding));
  }

  [Symbol.iterator](): Iterator<View> {
    return this.#views.values();
  }
}

function viewKey(selectors: SelectorSet, encoding: Encoding): string {
  return `${encoding.key} ${selectors.key}`;
}
