/** Keeps the newest of what is added: up to a number of items, and up to a weight. */
export class Ring<Item> {
  readonly #maxItems: number;
  readonly #maxWeight: number;
  readonly #items: { readonly item: Item; readonly weight: number }[] = [];
  /** Items before this index have been forgotten. */
  #first = 0;
  #weight = 0;

  constructor(maxItems: number, maxWeight = Number.POSITIVE_INFINITY) {
    this.#maxItems = maxItems;
    this.#maxWeight = maxWeight;
  }

  get size(): number {
    return this.#items.length - this.#first;
  }

  add(item: Item, weight = 0): void {
    this.#items.push({ item, weight });
    this.#weight += weight;
    while (this.size > this.#maxItems || (this.#weight > this.#maxWeight && this.size > 1)) {
      this.#weight -= this.#items[this.#first]?.weight ?? 0;
      this.#first++;
    }
    // Forgotten items are removed when they are as many as those kept: so each is moved once.
    if (this.#first <= this.size) return;
    this.#items.splice(0, this.#first);
    this.#first = 0;
  }

  /** The first item, from the oldest on, for which this is true. */
  find(isWanted: (item: Item) => boolean): Item | undefined {
    for (let index = this.#first; index < this.#items.length; index++) {
      const item = this.#items[index]?.item;
      if (item !== undefined && isWanted(item)) return item;
    }
    return undefined;
  }

  /** The items for which this is true, the oldest first. */
  filter(isWanted: (item: Item) => boolean): readonly Item[] {
    const kept = this.#items.slice(this.#first);
    return kept.map(({ item }) => item).filter(isWanted);
  }

  /** The newest items, the newest first. */
  last(limit: number): readonly Item[] {
    const kept = this.#items.slice(Math.max(this.#first, this.#items.length - limit));
    return kept.map(({ item }) => item).reverse();
  }
}
