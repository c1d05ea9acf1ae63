import type { MessageLog } from "./log.ts";
import type { Held } from "./principal.ts";
import type { Revocation, RevocationKind } from "./revocation.ts";
import type { Stream } from "./stream.ts";
import type { StreamLives } from "./stream-lives.ts";

/** So many are read from the log at once. */
const READ_AT_ONCE = 1_000;

/** From so many on, those whose time is over are forgotten. */
const MANY = 10_000;

/** A revocation, and how many streams of this process ended by it. */
interface Known {
  readonly revocation: Revocation;
  ended: number;
}

/** Whose something is that was allowed, and may have been taken back. */
type Holder = Held & { readonly client: string | null };

/**
 * What has been taken back, as one process knows it: by the revocations of the log, and by the
 * removal of keys.
 */
export class Revocations {
  readonly #log: Pick<MessageLog, "revocations">;
  readonly #now: () => number;
  readonly #kept: Readonly<Record<RevocationKind, Map<string, Known>>> = {
    sub: new Map(),
    jti: new Map(),
    client: new Map(),
  };
  #isKeyValid: (keyId: string) => boolean = () => true;
  #known = 0;
  #forgetFrom = MANY;
  #reading: Promise<unknown> = Promise.resolve();

  /** @param now Unix ms */
  constructor(log: Pick<MessageLog, "revocations">, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /**
   * Read what the log keeps and is not known here yet.
   *
   * @returns whether there was anything
   * @throws ForeverframeError FF_LOG_UNAVAILABLE
   */
  refresh(): Promise<boolean> {
    const reading = this.#reading.then(() => this.#read());
    this.#reading = reading.catch(() => {});
    return reading;
  }

  /** Some of the keys that tokens were signed by are not valid any more. */
  noteKeys(isValid: (keyId: string) => boolean): void {
    this.#isKeyValid = isValid;
  }

  /**
   * Whether what somebody was allowed has been taken back.
   *
   * @param askedAt Unix ms at which it was allowed, where nobody says whom: counts in place of the
   *   time at which the principal's token was issued
   */
  concern(holder: Holder, askedAt: number): boolean {
    const keyId = holder.principal?.keyId ?? null;
    if (keyId !== null && !this.#isKeyValid(keyId)) return true;
    return this.#find(holder, askedAt) !== undefined;
  }

  /**
   * End a stream if they {@link concern} it, and count it.
   *
   * @returns whether they did
   */
  endIfConcerned(stream: Stream, lives: Pick<StreamLives, "end">): boolean {
    if (stream.closed || !this.concern(stream, stream.openedUnixMs)) return false;
    lives.end(stream, "expired");
    const known = this.#find(stream, stream.openedUnixMs);
    if (known !== undefined) known.ended++;
    return true;
  }

  /**
   * How many streams ended here by this revocation, or by another of the same ms; 0 where one of a
   * later time counts.
   */
  endedBy({ kind, value, before }: Revocation): number {
    const known = this.#kept[kind].get(value);
    return known?.revocation.before === before ? known.ended : 0;
  }

  async #read(): Promise<boolean> {
    const start = this.#known;
    for (let isMore = true; isMore; ) {
      const kept = await this.#log.revocations(this.#known, READ_AT_ONCE);
      for (const revocation of kept) this.#keep(revocation);
      this.#known = kept.at(-1)?.number ?? this.#known;
      if (this.#size() >= this.#forgetFrom) this.#forgetOld();
      isMore = kept.length === READ_AT_ONCE;
    }
    return this.#known > start;
  }

  #keep(revocation: Revocation): void {
    const known = this.#kept[revocation.kind];
    const earlier = known.get(revocation.value);
    if (earlier !== undefined && earlier.revocation.before > revocation.before) return;
    // Two of the same ms, at two servers, have ended the same streams.
    const isSameTime = earlier?.revocation.before === revocation.before;
    known.set(revocation.value, { revocation, ended: isSameTime ? earlier.ended : 0 });
  }

  #size(): number {
    return Object.values(this.#kept).reduce((sum, { size }) => sum + size, 0);
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const known of Object.values(this.#kept)) {
      for (const [value, { revocation }] of known) {
        const { until } = revocation;
        if (until !== null && until <= now) known.delete(value);
      }
    }
    this.#forgetFrom = Math.max(MANY, 2 * this.#size());
  }

  #find({ principal, client }: Holder, askedAt: number): Known | undefined {
    const { subject = null, tokenId = null, issuedAt = askedAt } = principal ?? {};
    return (
      this.#findOne("sub", subject, issuedAt) ??
      this.#findOne("jti", tokenId, issuedAt) ??
      this.#findOne("client", client, issuedAt)
    );
  }

  #findOne(kind: RevocationKind, value: string | null, issuedAt: number): Known | undefined {
    const known = value === null ? undefined : this.#kept[kind].get(value);
    return known !== undefined && issuedAt <= known.revocation.before ? known : undefined;
  }
}
