/** A node that has said nothing for this long counts as gone, though Redis still has it, in ms. */
const GONE_MS = 15_000;

/**
 * A node that has ended and one that has just lost its subscription look the same. One that was
 * heard this short a time ago, in ms, is waited for...
 */
const RECENT_MS = 1_500;

/** ...for this long, in ms: by then it is back, or has said that it is deaf. */
const RETURN_MS = 500;

/**
 * After this node has lost its own subscription, the others are waited for this long, in ms: they
 * may have lost theirs, too, and try again after up to 3 s.
 */
const ALL_RETURN_MS = 4_000;

/** What is known of a node that is gone is forgotten after this, in ms. */
const FORGOTTEN_MS = 3_600_000;

/** Most nodes that are known. Those that were heard longest ago are forgotten. */
const MAX_KNOWN = 10_000;

/** What is known of another node. Times are monotonic ms. */
interface Known {
  heardAt: number;
  /** It was found without a subscription then; null if it was not. */
  missingSince: number | null;
  /** When it said last that it is deaf. */
  deafAt: number;
  /** It was waited for, and did not come. */
  isGone: boolean;
}

/** The nodes that are there besides this one. */
export interface Others {
  /** They hear what is said now. */
  readonly listening: readonly string[];
  /** They don't hear it, and may be back in a moment. */
  readonly returning: readonly string[];
}

/** Which other nodes are there, by what they say and by their subscriptions. */
export class NodePresence {
  readonly #own: string;
  readonly #now: () => number;
  /** The one that was heard last is the last. */
  readonly #known = new Map<string, Known>();
  #listeningSince: number;
  /** When something was heard last, also from this node itself. */
  #heardAt: number;
  /** Nodes that were not heard after this may have ended before this node listened again. */
  #lostAt = Number.POSITIVE_INFINITY;

  /** @param now monotonic ms */
  constructor(own: string, now: () => number) {
    this.#own = own;
    this.#now = now;
    this.#listeningSince = now();
    this.#heardAt = now();
  }

  /** A node has said something. */
  hear(node: string, type: string): void {
    const now = this.#now();
    this.#heardAt = now;
    if (node === this.#own) return;
    const before = this.#known.get(node);
    this.#known.delete(node);
    if (type === "leave") return;
    const deafAt = type === "deaf" ? now : (before?.deafAt ?? Number.NEGATIVE_INFINITY);
    const missingSince = before?.missingSince ?? null;
    this.#known.set(node, { heardAt: now, missingSince, deafAt, isGone: false });
    this.#forget(now);
  }

  /** This node has a subscription again. */
  listenAgain(): void {
    this.#lostAt = this.#heardAt;
    this.#listeningSince = this.#now();
  }

  /**
   * Whether a node was heard a short while ago and has not said that it ends. If nobody hears it
   * now, it may have lost its connection to Redis only, and still have its streams.
   */
  wasThere(node: string): boolean {
    const heardAt = this.#known.get(node)?.heardAt ?? Number.NEGATIVE_INFINITY;
    return this.#now() - heardAt < GONE_MS;
  }

  /** @param subscribed the nodes that have a subscription now */
  look(subscribed: readonly string[]): Others {
    const now = this.#now();
    const listening = subscribed.filter((node) => {
      // Redis notices late that a machine has lost its power.
      const heardAt = this.#known.get(node)?.heardAt ?? this.#listeningSince;
      return node !== this.#own && now - heardAt < GONE_MS;
    });
    const there = new Set(subscribed);
    const returning: string[] = [];
    for (const [node, known] of this.#known) {
      if (there.has(node)) known.missingSince = null;
      else if (this.#isReturning(known, now)) returning.push(node);
    }
    return { listening, returning };
  }

  #isReturning(known: Known, now: number): boolean {
    if (known.isGone) return false;
    known.missingSince ??= now;
    const { heardAt, deafAt, missingSince } = known;
    if (now - deafAt < RECENT_MS) return true;
    if (now - heardAt < RECENT_MS && now - missingSince < RETURN_MS) return true;
    if (heardAt > this.#lostAt - RECENT_MS && now - this.#listeningSince < ALL_RETURN_MS)
      return true;
    known.isGone = true;
    return false;
  }

  /**
   * Nodes that are there are heard every second. One that is known for longer than GONE_MS is what
   * tells a node that is gone from one that has just come.
   */
  #forget(now: number): void {
    for (const [node, { heardAt }] of this.#known) {
      if (this.#known.size <= MAX_KNOWN && now - heardAt < FORGOTTEN_MS) break;
      this.#known.delete(node);
    }
  }
}
