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

  /** @param messages all of them wanted by this view */
  encode(messages: readonly StoredMessage[]): EncodedMessages {
    return { bytes: this.encoding.messages(messages), count: messages.length };
  }
}

/** The views in use. */
export class Views implements Iterable<View> {
  readonly #views = new Map<string, View>();
  /** By the channels that they name: where each client has a channel of its own, a message is for one view of thousands. */
  readonly #byName = new Map<string, Set<View>>();
  readonly #withPatterns = new Set<View>();

  /** The view for these selectors and this encoding, with one stream more. */
  join(selectors: SelectorSet, encoding: Encoding): View {
    const key = viewKey(selectors, encoding);
    let view = this.#views.get(key);
    if (view === undefined) {
      view = new View(selectors, encoding);
      this.#add(key, view);
    }
    view.streams++;
    return view;
  }

  /** A stream of the view has ended. */
  leave(view: View, stream: Stream): void {
    view.live.delete(stream);
    view.streams--;
    if (view.streams === 0) this.#remove(view);
  }

  /** The views that want messages of some of these channels, each once, and which of the channels. */
  wanting(channels: Iterable<string>): ReadonlyMap<View, readonly string[]> {
    const wanted = new Map<View, string[]>();
    for (const channel of channels) {
      for (const view of this.#wantingChannel(channel)) {
        const others = wanted.get(view);
        if (others === undefined) wanted.set(view, [channel]);
        else others.push(channel);
      }
    }
    return wanted;
  }

  [Symbol.iterator](): Iterator<View> {
    return this.#views.values();
  }

  #wantingChannel(channel: string): ReadonlySet<View> {
    const views = new Set(this.#byName.get(channel));
    for (const view of this.#withPatterns) if (view.selectors.matches(channel)) views.add(view);
    return views;
  }

  #add(key: string, view: View): void {
    this.#views.set(key, view);
    for (const name of view.selectors.names) {
      const others = this.#byName.get(name);
      if (others === undefined) this.#byName.set(name, new Set([view]));
      else others.add(view);
    }
    if (view.selectors.patterns.length > 0) this.#withPatterns.add(view);
  }

  #remove(view: View): void {
    this.#views.delete(viewKey(view.selectors, view.encoding));
    for (const name of view.selectors.names) {
      const others = this.#byName.get(name);
      others?.delete(view);
      if (others?.size === 0) this.#byName.delete(name);
    }
    this.#withPatterns.delete(view);
  }
}

function viewKey(selectors: SelectorSet, encoding: Encoding): string {
  return `${encoding.key} ${selectors.key}`;
}
