import type { IncomingMessage, ServerResponse } from "node:http";

/** A request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  /** Null for a request that has none from HTTP, such as an upgrade. */
  readonly response: ServerResponse | null;
}

/** What is to be done on a connection after all that came before it. */
export interface TurnRequest {
  /** The request that is answered, and its answer; null if this is not for a request. */
  readonly exchange: Exchange | null;
  /** Whether it may be served together with others of its kind. */
  readonly overlaps: boolean;
  readonly begin: () => void;
}

/** A turn that waits, or is being served. */
export class Turn implements TurnRequest {
  readonly exchange: Exchange | null;
  readonly overlaps: boolean;
  readonly begin: () => void;
  hasBegun = false;
  isRead = false;
  /**
   * Deals with its body, when those before it have been dealt with; null until its body is
   * complete, and afterwards.
   */
  onRead: (() => void) | null = null;

  constructor({ exchange, overlaps, begin }: TurnRequest) {
    this.exchange = exchange;
    this.overlaps = overlaps;
    this.begin = begin;
  }
}

/**
 * The requests of one connection, served in their order: one at a time, or together with those that
 * overlap with it.
 */
export class Turns {
  /** The first is being served, and those that overlap with it. */
  readonly #turns: Turn[] = [];
  /** The request that came last, until it has come whole. It may have been answered before that. */
  #latest: Exchange | null = null;

  get size(): number {
    return this.#turns.length;
  }

  /** The one that is being served; the first of those that are. */
  get first(): Turn | undefined {
    return this.#turns[0];
  }

  /** The exchange whose request has not come whole yet; null if all have. */
  get receiving(): Exchange | null {
    return isWhole(this.#latest) ? null : this.#latest;
  }

  /** Another one has come, which begins with {@link beginNext}. */
  add(request: TurnRequest): Turn {
    const turn = new Turn(request);
    this.#turns.push(turn);
    this.#latest = request.exchange;
    return turn;
  }

  /** Begin all that may begin now. */
  beginNext(): void {
    // One that begins may end at once, and is gone from the list then.
    for (let at = 0; at < this.#turns.length; ) {
      const turn = this.#turns[at];
      if (turn === undefined || (at > 0 && !turn.overlaps)) return;
      if (!turn.hasBegun) {
        turn.hasBegun = true;
        turn.begin();
      }
      if (!turn.overlaps) return;
      if (this.#turns[at] === turn) at++;
    }
  }

  /**
   * A request's body is complete. Requests that overlap begin in their order, but their bodies may
   * get through Node's streams in another.
   *
   * @param go called when the bodies of all requests before it are complete, or those requests have
   *   ended
   */
  read(request: IncomingMessage, go: () => void): void {
    const turn = this.#turns.find(({ exchange }) => exchange?.request === request);
    if (turn === undefined) {
      go();
      return;
    }
    turn.onRead = go;
    turn.isRead = true;
    this.#goOn();
  }

  /** It has been answered, or never will be. */
  end(turn: Turn): void {
    const index = this.#turns.indexOf(turn);
    if (index >= 0) this.#turns.splice(index, 1);
    if (isWhole(this.#latest)) this.#latest = null;
    this.#goOn();
  }

  #goOn(): void {
    for (let at = 0; this.#turns[at]?.isRead === true; at++) {
      const turn = this.#turns[at];
      const go = turn?.onRead;
      if (turn === undefined || go === undefined || go === null) continue;
      turn.onRead = null;
      go();
    }
  }

  /** Give up a request that waits and has not come whole, since no more of it will. */
  giveUpBroken(): void {
    const broken = this.#turns.findIndex(({ exchange }) => !isWhole(exchange));
    if (broken <= 0) return;
    this.#turns.splice(broken);
    this.#latest = null;
  }
}

function isWhole(exchange: Exchange | null): boolean {
  return exchange === null || exchange.request.complete;
}
