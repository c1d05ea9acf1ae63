import { ForeverframeError, shorten } from "../errors.ts";
import { addressGroup } from "./address-group.ts";
import { type Held, subjectOf } from "./principal.ts";
import type { Stream } from "./stream.ts";

/** How many streams there may be. Infinity for no limit. */
export interface StreamLimits {
  readonly maxStreams: number;
  readonly maxStreamsPerAddress: number;
  readonly maxStreamsPerSubject: number;
  readonly maxStreamsPerClient: number;
}

/** Who asks for a stream. */
export interface Applicant extends Held {
  readonly address: string | null;
  readonly client: string | null;
  /** Its client's other streams are about to be ended, so they do not count. */
  readonly takesOver: boolean;
}

/** Counts streams by something that they have in common. */
class Counts {
  readonly #counts = new Map<string, number>();

  /** @param key null is not counted */
  of(key: string | null): number {
    return key === null ? 0 : (this.#counts.get(key) ?? 0);
  }

  add(key: string | null, change: 1 | -1): void {
    if (key === null) return;
    const count = this.of(key) + change;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

/** The open streams of a process: by id, by client, by address and by subject. */
export class Streams {
  readonly #limits: StreamLimits;
  readonly #byId = new Map<string, Stream>();
  readonly #byClient = new Map<string, Set<Stream>>();
  readonly #addresses = new Counts();
  readonly #subjects = new Counts();
  /** Those that live across polls, the oldest first. */
  readonly #polled = new Set<Stream>();
  readonly #letGo: (stream: Stream) => void;

  /** @param letGo ends a stream that has to make room for another, without a word to its client */
  constructor(limits: StreamLimits, letGo: (stream: Stream) => void) {
    this.#limits = limits;
    this.#letGo = letGo;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Stream | undefined {
    return this.#byId.get(id);
  }

  /** In the order of their opening. */
  all(): Iterable<Stream> {
    return this.#byId.values();
  }

  ofClient(client: string): readonly Stream[] {
    return [...(this.#byClient.get(client) ?? [])];
  }

  add(stream: Stream): void {
    const { id, client } = stream;
    this.#byId.set(id, stream);
    if (stream.view.encoding.transport === "poll") this.#polled.add(stream);
    this.#count(stream, 1);
    if (client === null) return;
    const mates = this.#byClient.get(client);
    if (mates === undefined) this.#byClient.set(client, new Set([stream]));
    else mates.add(stream);
  }

  remove(stream: Stream): void {
    const { id, client } = stream;
    if (!this.#byId.delete(id)) return;
    this.#polled.delete(stream);
    this.#count(stream, -1);
    if (client === null) return;
    const mates = this.#byClient.get(client);
    mates?.delete(stream);
    if (mates?.size === 0) this.#byClient.delete(client);
  }

  /**
   * Check that there is room for one more stream. If there is none, a long-poll stream without a
   * waiting poll is ended: it holds no connection, and its client loses nothing, since its next
   * poll says where to resume.
   *
   * @throws ForeverframeError FF_STREAMS_TOO_MANY, FF_ADDRESS_STREAMS_TOO_MANY,
   *   FF_SUBJECT_STREAMS_TOO_MANY, FF_CLIENT_STREAMS_TOO_MANY
   */
  checkRoom(applicant: Applicant): void {
    const { client, takesOver } = applicant;
    const { maxStreams, maxStreamsPerAddress, maxStreamsPerSubject, maxStreamsPerClient } =
      this.#limits;
    const subject = subjectOf(applicant);
    const isSameSubject = (other: Holder) => subjectOf(other) === subject;
    const mates = client === null ? [] : this.ofClient(client).filter(isSameSubject);
    const leaving = takesOver ? mates : [];
    const hasRoom = (limit: number, count: () => number, isOne: (stream: Holder) => boolean) => {
      const left = leaving.filter(isOne).length;
      if (count() - left >= limit) this.#makeRoom(isOne);
      return count() - left < limit;
    };
    if (
      !hasRoom(
        maxStreams,
        () => this.#byId.size,
        () => true,
      )
    ) {
      throw new ForeverframeError(
        "FF_STREAMS_TOO_MANY",
        `All ${maxStreams} streams of this process are in use: try again later, or raise --max-streams`,
      );
    }
    const { address } = applicant;
    const group = groupOf(applicant);
    const isNeighbour = (other: Holder) => groupOf(other) === group;
    if (!hasRoom(maxStreamsPerAddress, () => this.#addresses.of(group), isNeighbour)) {
      throw new ForeverframeError(
        "FF_ADDRESS_STREAMS_TOO_MANY",
        `The address ${address} has ${maxStreamsPerAddress} streams already: close some, or raise --max-streams-per-address`,
      );
    }
    if (!hasRoom(maxStreamsPerSubject, () => this.#subjects.of(subject), isSameSubject)) {
      throw new ForeverframeError(
        "FF_SUBJECT_STREAMS_TOO_MANY",
        `"${shorten(subject ?? "")}" has ${maxStreamsPerSubject} streams already: close some, or raise --max-streams-per-subject`,
      );
    }
    if (client === null || takesOver) return;
    if (mates.length < maxStreamsPerClient) return;
    throw new ForeverframeError(
      "FF_CLIENT_STREAMS_TOO_MANY",
      `The client has ${maxStreamsPerClient} streams already: close some, open with takeover=1, or raise --max-streams-per-client`,
    );
  }

  #count(stream: Stream, change: 1 | -1): void {
    this.#addresses.add(groupOf(stream), change);
    this.#subjects.add(subjectOf(stream), change);
  }

  #makeRoom(isOne: (stream: Stream) => boolean): void {
    for (const stream of this.#polled) {
      if (stream.writable || !isOne(stream)) continue;
      this.#letGo(stream);
      return;
    }
  }
}

/** Whose a stream is, as far as limits are concerned. */
type Holder = Pick<Applicant, "address" | "principal">;

function groupOf({ address }: Holder): string | null {
  return address === null ? null : addressGroup(address);
}
