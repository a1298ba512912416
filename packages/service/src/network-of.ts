import { isIPv4, isIPv6 } from "node:net";

const MAPPED = "::ffff:";
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * What callers without a name are counted by: an IPv4 address itself, of an IPv6 address its /64, because whoever has one address of that
 * has all of them. What is no address stays as it is.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const bare = address.split("%", 1)[0]!;
  if (bare.startsWith(MAPPED) && isIPv4(bare.slice(MAPPED.length))) return bare.slice(MAPPED.length);
  if (!isIPv6(bare)) return address;
  // The URL standard's form: in lower case, without leading zeros, no IPv4 at the end.
  const [before, behind] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split("::");
  const [head, tail] = [before, behind].map((part) => (part ? part.split(":") : [])) as [string[], string[]];
  const groups = [...head, ...new Array<string>(GROUPS - head.length - tail.length).fill("0"), ...tail];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}
