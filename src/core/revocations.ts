import type { MessageLog } from "./log.ts";
import type { Held } from "./principal.ts";
import type { Revocation, RevocationKind } from "./revocation.ts";

/** So many are read from the log at once. */
const READ_AT_ONCE = 1_000;

/** From so many on, those whose time is over are forgotten. */
const MANY = 10_000;

/**
 * What has been taken back, as one process knows it: by the revocations of the log, and by the
 * removal of keys.
 */
export class Revocations {
  readonly #log: Pick<MessageLog, "revocations">;
  readonly #now: () => number;
  readonly #before: Readonly<Record<RevocationKind, Map<string, Revocation>>> = {
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
  concern(
    { principal, client }: Held & { readonly client: string | null },
    askedAt: number,
  ): boolean {
    const { subject = null, tokenId = null, issuedAt = askedAt, keyId = null } = principal ?? {};
    return (
      (keyId !== null && !this.#isKeyValid(keyId)) ||
      this.#isRevoked("sub", subject, issuedAt) ||
      this.#isRevoked("jti", tokenId, issuedAt) ||
      this.#isRevoked("client", client, issuedAt)
    );
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
    const known = this.#before[revocation.kind];
    const earlier = known.get(revocation.value);
    if (earlier === undefined || earlier.before <= revocation.before)
      known.set(revocation.value, revocation);
  }

  #size(): number {
    return Object.values(this.#before).reduce((sum, { size }) => sum + size, 0);
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const known of Object.values(this.#before)) {
      for (const [value, { until }] of known)
        if (until !== null && until <= now) known.delete(value);
    }
    this.#forgetFrom = Math.max(MANY, 2 * this.#size());
  }

  #isRevoked(kind: RevocationKind, value: string | null, issuedAt: number): boolean {
    if (value === null) return false;
    const revocation = this.#before[kind].get(value);
    return revocation !== undefined && issuedAt <= revocation.before;
  }
}
