/**
 * A number with three significant digits; thousands are grouped, and from 10,000 on written with k.
 */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 9_995) {
    return `${(value / 1_000).toLocaleString("en", { maximumSignificantDigits: 3 })} k`;
  }
  if (size < 0.01) return String(Number(value.toFixed(3)));
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}
