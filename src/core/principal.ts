/** Who a stream was opened for, as a token or the application names them. */
export interface Principal {
  /** A token's `sub`, or the user whom the application names; null if nobody is named. */
  readonly subject: string | null;
  /** A token's `jti`; null if it has none. */
  readonly tokenId: string | null;
  /**
   * When the token was issued, or the application was asked, in Unix ms. 0 for a token that does
   * not say: it counts as older than every revocation.
   */
  readonly issuedAt: number;
  /** Names the public key that the token is signed by; null where that is not known. */
  readonly keyId: string | null;
}

/** Something that somebody asked for. */
export interface Held {
  /** Null where nobody says who asked. */
  readonly principal: Principal | null;
}

/** The subject that something belongs to; null where nobody says. */
export function subjectOf({ principal }: Held): string | null {
  return principal?.subject ?? null;
}
