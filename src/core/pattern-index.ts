/** Selectors of up to this many segments need no limit on their shapes: there are 511. */
export const SHORT_SEGMENTS = 8;

/** Whether a selector has more segments than {@link SHORT_SEGMENTS}, without a last `**`. */
export function isLongPattern(selector: string): boolean {
  return split(selector).segments.length > SHORT_SEGMENTS;
}

/** A node of the tree: where selectors that begin alike continue. */
interface Node<T> {
  /** How many have reserved a selector that ends here. */
  reservations: number;
  /** By the next segment, a `*` too. */
  children: Map<string, Node<T>> | null;
  /** Items whose selector ends here. */
  items: Set<T> | null;
  /** Items whose selector has a `**` after this. */
  itemsBelow: Set<T> | null;
}

/**
 * Items by their selectors, found by channel: a tree of the selectors' segments.
 *
 * A search follows only what matches so far, instead of comparing the channel with every selector:
 * thousands of streams have patterns of their own.
 */
export class PatternIndex<T> {
  readonly #root: Node<T> = createNode();
  #nodes = 0;
  /** The shapes of longer beginnings of selectors, and how many selectors have each. */
  readonly #shapes = new Map<string, number>();

  /** How many segments are kept, each once for all selectors that begin alike. */
  get nodes(): number {
    return this.#nodes;
  }

  /**
   * How many shapes the beginnings of long selectors have: which of their segments are `*`. A
   * channel matches at most one beginning of each shape, so a search visits no more nodes than
   * there are shapes, and the 511 of short ones.
   */
  get shapes(): number {
    return this.#shapes.size;
  }

  /**
   * Make room for items of a selector, so that {@link nodes} and {@link shapes} count it.
   *
   * @param selector a checked selector
   */
  reserve(selector: string): void {
    const { segments } = split(selector);
    for (const shape of longShapes(segments))
      this.#shapes.set(shape, (this.#shapes.get(shape) ?? 0) + 1);
    let node = this.#root;
    for (const segment of segments) {
      node.children ??= new Map();
      let child = node.children.get(segment);
      if (child === undefined) {
        child = createNode();
        node.children.set(segment, child);
        this.#nodes++;
      }
      node = child;
    }
    node.reservations++;
  }

  /** Give up what was reserved, when no item has the selector any more. */
  release(selector: string): void {
    const { segments } = split(selector);
    for (const shape of longShapes(segments)) {
      const left = (this.#shapes.get(shape) ?? 1) - 1;
      if (left === 0) this.#shapes.delete(shape);
      else this.#shapes.set(shape, left);
    }
    this.#releaseBelow(this.#root, segments);
  }

  /** Let an item be found by a selector that is reserved. */
  add(selector: string, item: T): void {
    const { segments, isDeep } = split(selector);
    const node = this.#nodeAt(segments);
    if (isDeep) node.itemsBelow = (node.itemsBelow ?? new Set()).add(item);
    else node.items = (node.items ?? new Set()).add(item);
  }

  /** Stop an item from being found by a selector. */
  remove(selector: string, item: T): void {
    const { segments, isDeep } = split(selector);
    const node = this.#nodeAt(segments);
    (isDeep ? node.itemsBelow : node.items)?.delete(item);
  }

  /** Add the items that want a channel. */
  find(channel: string, found: Set<T>): void {
    collect(this.#root, channel.split("."), 0, found);
  }

  #nodeAt(segments: readonly string[]): Node<T> {
    let node = this.#root;
    for (const segment of segments) {
      const child = node.children?.get(segment);
      if (child === undefined) throw new RangeError("The selector is not reserved");
      node = child;
    }
    return node;
  }

  #releaseBelow(node: Node<T>, segments: readonly string[]): void {
    const [segment, ...rest] = segments;
    if (segment === undefined) {
      node.reservations--;
      return;
    }
    const child = node.children?.get(segment);
    if (child === undefined) return;
    this.#releaseBelow(child, rest);
    if (child.reservations > 0 || child.children !== null) return;
    node.children?.delete(segment);
    if (node.children?.size === 0) node.children = null;
    this.#nodes--;
  }
}

function createNode<T>(): Node<T> {
  return { reservations: 0, children: null, items: null, itemsBelow: null };
}

function split(selector: string): {
  readonly segments: readonly string[];
  readonly isDeep: boolean;
} {
  const segments = selector.split(".");
  const isDeep = segments.at(-1) === "**";
  return { segments: isDeep ? segments.slice(0, -1) : segments, isDeep };
}

/** Which segments are `*`, of each beginning that is longer than {@link SHORT_SEGMENTS}. */
function* longShapes(segments: readonly string[]): Iterable<string> {
  if (segments.length <= SHORT_SEGMENTS) return;
  const shape = segments.map((segment) => (segment === "*" ? "*" : ".")).join("");
  for (let end = SHORT_SEGMENTS + 1; end <= shape.length; end++) yield shape.slice(0, end);
}

function collect<T>(node: Node<T>, segments: readonly string[], at: number, found: Set<T>): void {
  const segment = segments[at];
  if (segment === undefined) {
    if (node.items !== null) for (const item of node.items) found.add(item);
    return;
  }
  if (node.itemsBelow !== null) for (const item of node.itemsBelow) found.add(item);
  if (node.children === null) return;
  const named = node.children.get(segment);
  if (named !== undefined) collect(named, segments, at + 1, found);
  const any = node.children.get("*");
  if (any !== undefined) collect(any, segments, at + 1, found);
}
