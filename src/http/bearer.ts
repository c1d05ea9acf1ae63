import type { IncomingHttpHeaders } from "node:http";

/** The token of `Authorization: Bearer <token>` (RFC 6750); null if there is none. */
export function bearerToken({ authorization = "" }: IncomingHttpHeaders): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
}
