import { ForeverframeError } from "../errors.ts";
import type { Stream } from "./stream.ts";

/** How many streams there may be. Infinity for no limit. */
export interface StreamLimits {
  readonly maxStreams: number;
  readonly maxStreamsPerAddress: number;
  readonly maxStreamsPerClient: number;
}

/** Who asks for a stream. */
export interface Applicant {
  readonly address: string | null;
  readonly client: string | null;
  /** Its client's other streams are about to be ended, so they do not count. */
  readonly takesOver: boolean;
}

/** The open streams of a process: by id, by client and by address. */
export class Streams {
  readonly #limits: StreamLimits;
  readonly #byId = new Map<string, Stream>();
  readonly #byClient = new Map<string, Set<Stream>>();
  readonly #addresses = new Map<string, number>();
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
    const { id, client, address } = stream;
    this.#byId.set(id, stream);
    if (stream.view.encoding.transport === "poll") this.#polled.add(stream);
    if (address !== null) this.#addresses.set(address, (this.#addresses.get(address) ?? 0) + 1);
    if (client === null) return;
    const mates = this.#byClient.get(client);
    if (mates === undefined) this.#byClient.set(client, new Set([stream]));
    else mates.add(stream);
  }

  remove(stream: Stream): void {
    const { id, client, address } = stream;
    this.#byId.delete(id);
    this.#polled.delete(stream);
    if (address !== null) {
      const left = (this.#addresses.get(address) ?? 1) - 1;
      if (left === 0) this.#addresses.delete(address);
      else this.#addresses.set(address, left);
    }
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
   *   FF_CLIENT_STREAMS_TOO_MANY
   */
  checkRoom({ address, client, takesOver }: Applicant): void {
    const { maxStreams, maxStreamsPerAddress, maxStreamsPerClient } = this.#limits;
    const leaving = takesOver && client !== null ? this.ofClient(client) : [];
    if (this.#byId.size - leaving.length >= maxStreams) this.#makeRoom(() => true);
    if (this.#byId.size - leaving.length >= maxStreams) {
      throw new ForeverframeError(
        "FF_STREAMS_TOO_MANY",
        `All ${maxStreams} streams of this process are in use: try again later, or raise --max-streams`,
      );
    }
    const moving = leaving.filter((stream) => stream.address === address).length;
    const neighbours = () => (address === null ? 0 : (this.#addresses.get(address) ?? 0)) - moving;
    if (neighbours() >= maxStreamsPerAddress)
      this.#makeRoom((stream) => stream.address === address);
    if (neighbours() >= maxStreamsPerAddress) {
      throw new ForeverframeError(
        "FF_ADDRESS_STREAMS_TOO_MANY",
        `The address ${address} has ${maxStreamsPerAddress} streams already: close some, or raise --max-streams-per-address`,
      );
    }
    if (client === null || takesOver) return;
    if ((this.#byClient.get(client)?.size ?? 0) < maxStreamsPerClient) return;
    throw new ForeverframeError(
      "FF_CLIENT_STREAMS_TOO_MANY",
      `The client has ${maxStreamsPerClient} streams already: close some, open with takeover=1, or raise --max-streams-per-client`,
    );
  }

  #makeRoom(isOne: (stream: Stream) => boolean): void {
    for (const stream of this.#polled) {
      if (stream.writable || !isOne(stream)) continue;
      this.#letGo(stream);
      return;
    }
  }
}
