import type { Revocation } from "../core/revocation.ts";
import { ForeverframeError } from "../errors.ts";
import type { TableWriter } from "./tables.ts";

/** Most revocations that are kept. */
const MAX_REVOCATIONS = 100_000;

/**
 * Keep a revocation. Where there is no more room, forget those whose time is over, but not the
 * newest: its number must not be given again.
 *
 * @param now Unix ms
 * @returns null, or FF_REVOCATIONS_FULL
 */
export function keepRevocation(
  tables: TableWriter,
  revocation: Revocation,
  now: number,
): ForeverframeError | null {
  const last = tables.lastRevocation();
  if (tables.revocationCount() >= MAX_REVOCATIONS) {
    for (const { number, until } of tables.revocations(0, MAX_REVOCATIONS))
      if (until !== null && until <= now && number !== last) tables.removeRevocation(number);
  }
  if (tables.revocationCount() >= MAX_REVOCATIONS) {
    return new ForeverframeError(
      "FF_REVOCATIONS_FULL",
      `${MAX_REVOCATIONS} revocations are kept already: give each an "until", revoke by "sub" rather than by "jti", or change the key that signs tokens`,
    );
  }
  tables.putRevocation({ ...revocation, number: last + 1 });
  return null;
}
