/** What a revocation may be about: a token's `sub`, its `jti`, or the name of a client. */
export const REVOCATION_KINDS = ["sub", "jti", "client"] as const;

/** One of {@link REVOCATION_KINDS}. */
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** Takes back what was allowed to somebody. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly value: string;
  /** Unix ms: what was allowed until then is taken back. */
  readonly before: number;
  /**
   * Unix ms from which it may be forgotten, as all that it takes back has ended; null for never.
   */
  readonly until: number | null;
}

/** A revocation as the log keeps it. */
export interface KeptRevocation extends Revocation {
  /** Numbers rise in the order in which revocations were kept. */
  readonly number: number;
}
