import { epochOf, formatCursor, positionOf } from "../core/cursor.ts";
import type { FoundPlaces, Place, PlacesRequest } from "../core/log.ts";

/** The list is sorted and cut whenever it is so many times as long as its limit. */
const SLACK = 2;

/** The first places of those that are added in any order, up to a limit. */
export class PlaceList {
  readonly #epoch: string;
  readonly #limit: number;
  readonly #upTo: string;
  #places: Place[] = [];
  /** Places beyond this position are of no interest: as many come before it as are wanted. */
  #end: string;

  constructor({ limit, upTo }: Pick<PlacesRequest, "limit" | "upTo">) {
    this.#epoch = epochOf(upTo);
    this.#limit = limit;
    this.#upTo = positionOf(upTo);
    this.#end = this.#upTo;
  }

  add(position: string, channel: string): void {
    if (position > this.#end) return;
    this.#places.push({ id: formatCursor(this.#epoch, position), channel });
    if (this.#places.length >= SLACK * this.#limit) this.#cut();
  }

  /** As many places as are wanted come before this one, or it is the end of the stretch. */
  get end(): string {
    return this.#end;
  }

  /** What was found. Call it once, at the end. */
  get result(): FoundPlaces {
    this.#cut();
    return { places: this.#places, upTo: formatCursor(this.#epoch, this.#end) };
  }

  #cut(): void {
    this.#places.sort((a, b) => (a.id < b.id ? -1 : 1));
    if (this.#places.length <= this.#limit) return;
    this.#places.length = this.#limit;
    this.#end = positionOf(this.#places[this.#limit - 1]?.id ?? this.#end);
  }
}
