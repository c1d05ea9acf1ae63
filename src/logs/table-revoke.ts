import type { Revocation } from "../core/revocation.ts";
import type { ForeverframeError } from "../errors.ts";
import { revocationsFull } from "./log-errors.ts";
import type { TableWriter } from "./tables.ts";

/** Most revocations that are kept. */
export const MAX_REVOCATIONS = 100_000;

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
    return revocationsFull(MAX_REVOCATIONS);
  }
  tables.putRevocation({ ...revocation, number: last + 1 });
  return null;
}
