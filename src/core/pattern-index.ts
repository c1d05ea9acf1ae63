/** Selectors of so many segments need no limit of their shapes: there are 511. */
export const SHORT_SEGMENTS = 8;

/** Whether a selector has more segments than {@link SHORT_SEGMENTS}, without a last `**`. */
export function isLongPattern(selector: string): boolean {
  return split(selector).segments.length > SHORT_SEGMENTS;
}

/** Where the selectors of one beginning continue. */
interface Node<T> {
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
 * A search follows only what matches so far, instead of comparing the channel with every selector: thousands of streams
 * have patterns of their own.
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
   * How many shapes the beginnings of long selectors have: which of their segments are `*`. A channel matches at most one
   * beginning of each shape, so a search visits no more nodes than there are shapes, and the 511 of short ones.
   */
  get shapes(): number {
    return this.#shapes.size;
  }

  /** @param selector a checked selector */
  add(selector: string, item: T): void {
    const { segments, isDeep } = split(selector);
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
    if (isDeep) node.itemsBelow = (node.itemsBelow ?? new Set()).add(item);
    else node.items = (node.items ?? new Set()).add(item);
  }

  /** Take away what {@link add} was given. */
  remove(selector: string, item: T): void {
    const { segments, isDeep } = split(selector);
    for (const shape of longShapes(segments)) {
      const left = (this.#shapes.get(shape) ?? 1) - 1;
      if (left === 0) this.#shapes.delete(shape);
      else this.#shapes.set(shape, left);
    }
    this.#removeBelow(this.#root, segments, isDeep, item);
  }

  /** Add the items that want a channel. */
  find(channel: string, found: Set<T>): void {
    collect(this.#root, channel.split("."), 0, found);
  }

  #removeBelow(node: Node<T>, segments: readonly string[], isDeep: boolean, item: T): void {
    const [segment, ...rest] = segments;
    if (segment === undefined) {
      (isDeep ? node.itemsBelow : node.items)?.delete(item);
      return;
    }
    const child = node.children?.get(segment);
    if (child === undefined) return;
    this.#removeBelow(child, rest, isDeep, item);
    if (!isEmpty(child)) return;
    node.children?.delete(segment);
    if (node.children?.size === 0) node.children = null;
    this.#nodes--;
  }
}

function createNode<T>(): Node<T> {
  return { children: null, items: null, itemsBelow: null };
}

function isEmpty<T>({ children, items, itemsBelow }: Node<T>): boolean {
  return children === null && !items?.size && !itemsBelow?.size;
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
