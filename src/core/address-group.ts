/**
 * The group of addresses that one caller has, for limits: of IPv6 the first 64 bits, all of which a
 * provider gives to one customer (RFC 6177); otherwise the address itself.
 *
 * @param address as a socket names it
 */
export function addressGroup(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").toLowerCase().split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  // The last 32 bits may be written as IPv4.
  const missing = 8 - first.length - last.length - (address.includes(".") ? 1 : 0);
  const parts = [...first, ...Array<string>(Math.max(0, missing)).fill("0"), ...last];
  return `${parts
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
