import { ForeverframeError } from "../errors.ts";
import { EVERYTHING, type SelectorSet, selectorsOfChannels } from "./channel-name.ts";
import type { StoredMessage } from "./log.ts";
import { isLongPattern, PatternIndex, SHORT_SEGMENTS } from "./pattern-index.ts";
import type { Encoding } from "./transport.ts";

/** Messages in the final bytes of one view. */
export interface EncodedMessages {
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * All streams that want the same bytes: the same selectors in the same transport and framing.
 *
 * New messages are encoded once for all of them. (If streams were grouped by channel instead,
 * messages would have to be sorted again for a stream on two channels, and would come twice where
 * selectors overlap.)
 */
export class View<Stream> {
  readonly selectors: SelectorSet;
  readonly encoding: Encoding;
  readonly #live = new Set<Stream>();
  readonly #index: ViewIndex<Stream>;
  /** Streams of this view, live or not. */
  streams = 0;

  constructor(selectors: SelectorSet, encoding: Encoding, index: ViewIndex<Stream>) {
    this.selectors = selectors;
    this.encoding = encoding;
    this.#index = index;
  }

  /** Streams that have been given everything up to the tailer's cursor, and take more. */
  get live(): ReadonlySet<Stream> {
    return this.#live;
  }

  /** A stream is live from now on. */
  goLive(stream: Stream): void {
    this.#live.add(stream);
    if (this.#live.size === 1) this.#index.add(this);
  }

  /** A stream is not live any more, if it was. */
  leaveLive(stream: Stream): void {
    if (this.#live.delete(stream) && this.#live.size === 0) this.#index.remove(this);
  }

  /** @param messages all of them wanted by this view */
  encode(messages: readonly StoredMessage[]): EncodedMessages {
    return { bytes: this.encoding.messages(messages), count: messages.length };
  }
}

/**
 * Beyond this many names everything is read: a log finds few channels by their indexes, and many by
 * scanning all messages.
 */
const MAX_WANTED_NAMES = 64;

/** Finds views by channel: those that have a live stream. */
class ViewIndex<Stream> {
  /**
   * Views without patterns, by name: where each client has a channel of its own, a message is for
   * one view of thousands. A single view is kept without a set, which would be the largest part of
   * a stream.
   */
  readonly #byName = new Map<string, View<Stream> | Set<View<Stream>>>();
  /** Views with patterns, by all of their selectors. */
  readonly byPattern = new PatternIndex<View<Stream>>();
  #withPatterns = 0;
  /** What all views want now; null for nothing, undefined if it has to be computed again. */
  #wanted: SelectorSet | null | undefined = null;
  /** Views that were added since {@link takeWanted}. */
  #joined = new Set<View<Stream>>();

  /**
   * What all views want; null for nothing. Views that are added from now on are returned by
   * {@link takeJoined}.
   */
  takeWanted(): SelectorSet | null {
    this.#joined.clear();
    if (this.#wanted === undefined) this.#wanted = this.#findWanted();
    return this.#wanted;
  }

  /**
   * The views that were added since {@link takeWanted}, each once: it may have left out what they
   * want.
   */
  takeJoined(): Iterable<View<Stream>> {
    const joined = this.#joined;
    this.#joined = new Set();
    return joined;
  }

  add(view: View<Stream>): void {
    const { names, patterns, selectors } = view.selectors;
    // A read of everything also finds what this view wants.
    if (this.#wanted !== EVERYTHING) {
      this.#joined.add(view);
      this.#wanted = undefined;
    }
    if (patterns.length > 0) {
      this.#withPatterns++;
      for (const selector of selectors) this.byPattern.add(selector, view);
      return;
    }
    for (const name of names) {
      const others = this.#byName.get(name);
      if (others === undefined) this.#byName.set(name, view);
      else if (others instanceof View) this.#byName.set(name, new Set([others, view]));
      else others.add(view);
    }
  }

  remove(view: View<Stream>): void {
    const { names, patterns, selectors } = view.selectors;
    this.#joined.delete(view);
    this.#wanted = undefined;
    if (patterns.length > 0) {
      this.#withPatterns--;
      for (const selector of selectors) this.byPattern.remove(selector, view);
      return;
    }
    for (const name of names) {
      const others = this.#byName.get(name);
      if (others instanceof Set) others.delete(view);
      if (others === view || (others instanceof Set && others.size === 0))
        this.#byName.delete(name);
    }
  }

  #findWanted(): SelectorSet | null {
    if (this.#withPatterns > 0 || this.#byName.size > MAX_WANTED_NAMES) return EVERYTHING;
    return this.#byName.size === 0 ? null : selectorsOfChannels(this.#byName.keys());
  }

  naming(channel: string): Iterable<View<Stream>> {
    const views = this.#byName.get(channel) ?? [];
    return views instanceof View ? [views] : views;
  }
}

/** Segments of patterns that are kept for all streams together: some 100 MB. */
const MAX_PATTERN_NODES = 500_000;

/**
 * Most shapes of long patterns: at worst a search follows each of them, in some tenths of a ms. See
 * {@link PatternIndex.shapes}.
 */
const MAX_PATTERN_SHAPES = 1_024;

/** The views in use. */
export class Views<Stream> implements Iterable<View<Stream>> {
  /**
   * By encoding, then by selectors. One joined key would copy the selectors' keys, which are long.
   */
  readonly #views = new Map<string, Map<string, View<Stream>>>();
  readonly #index = new ViewIndex<Stream>();

  /**
   * Check that a stream with these selectors may come.
   *
   * @throws ForeverframeError FF_PATTERNS_TOO_MANY
   */
  checkRoom({ patterns }: SelectorSet): void {
    if (patterns.length === 0) return;
    const { nodes, shapes } = this.#index.byPattern;
    if (nodes >= MAX_PATTERN_NODES) {
      throw new ForeverframeError(
        "FF_PATTERNS_TOO_MANY",
        "The streams of this process have too many patterns in all: use names of channels, or fewer and shorter patterns",
      );
    }
    if (shapes >= MAX_PATTERN_SHAPES && patterns.some(isLongPattern)) {
      throw new ForeverframeError(
        "FF_PATTERNS_TOO_MANY",
        `The streams of this process have too many long patterns in all: use patterns of at most ${SHORT_SEGMENTS} segments, which may end with "**"`,
      );
    }
  }

  /** The view for these selectors and this encoding, with one stream more. */
  join(selectors: SelectorSet, encoding: Encoding): View<Stream> {
    let view = this.#views.get(encoding.key)?.get(selectors.key);
    if (view === undefined) {
      view = new View(selectors, encoding, this.#index);
      this.#add(view);
    }
    view.streams++;
    return view;
  }

  /** A stream of the view has ended. */
  leave(view: View<Stream>, stream: Stream): void {
    view.leaveLive(stream);
    view.streams--;
    if (view.streams === 0) this.#remove(view);
  }

  /** See `ViewIndex.takeWanted`. */
  takeWanted(): SelectorSet | null {
    return this.#index.takeWanted();
  }

  /** See `ViewIndex.takeJoined`. */
  takeJoined(): Iterable<View<Stream>> {
    return this.#index.takeJoined();
  }

  /** Views without patterns that want a channel, and have a live stream. */
  naming(channel: string): Iterable<View<Stream>> {
    return this.#index.naming(channel);
  }

  /** Views with patterns that want a channel, and have a live stream. */
  matching(channel: string): Iterable<View<Stream>> {
    const found = new Set<View<Stream>>();
    this.#index.byPattern.find(channel, found);
    return found;
  }

  *[Symbol.iterator](): Iterator<View<Stream>> {
    for (const views of this.#views.values()) yield* views.values();
  }

  #add(view: View<Stream>): void {
    const { key, patterns, selectors } = view.selectors;
    const { key: encodingKey } = view.encoding;
    const views = this.#views.get(encodingKey);
    if (views === undefined) this.#views.set(encodingKey, new Map([[key, view]]));
    else views.set(key, view);
    // Reserved for as long as the view is in use: streams that were allowed must still fit when
    // they go live.
    if (patterns.length > 0)
      for (const selector of selectors) this.#index.byPattern.reserve(selector);
  }

  #remove(view: View<Stream>): void {
    const { key, patterns, selectors } = view.selectors;
    const { key: encodingKey } = view.encoding;
    const views = this.#views.get(encodingKey);
    views?.delete(key);
    if (views?.size === 0) this.#views.delete(encodingKey);
    if (patterns.length > 0)
      for (const selector of selectors) this.#index.byPattern.release(selector);
  }
}
