import type { Revocation } from "../core/revocation.ts";
import type { ForeverframeError } from "../errors.ts";
import { revocationsFull } from "./log-errors.ts";
import type { TableWriter } from "./tables.ts";

/** Most revocations that a log keeps. */
export const MAX_REVOCATIONS = 100_000;

/**
 * Keep a revocation. Where there is no more room, forget those whose time is over, but not the
 * newest: its number must not be given again.
 *
 * @param options `now` in Unix ms; `limit` of how many are kept
 * @returns null, or FF_REVOCATIONS_FULL
 */
export function keepRevocation(
  tables: TableWriter,
  revocation: Revocation,
  { now, limit }: { readonly now: number; readonly limit: number },
): ForeverframeError | null {
  const last = tables.lastRevocation();
  if (tables.revocationCount() >= limit) {
    for (const { number, until } of tables.revocations(0, limit))
      if (until !== null && until <= now && number !== last) tables.removeRevocation(number);
  }
  if (tables.revocationCount() >= limit) return revocationsFull(limit);
  tables.putRevocation({ ...revocation, number: last + 1 });
  return null;
}
