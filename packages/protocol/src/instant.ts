const NANOS_PER_SECOND = 1_000_000_000n;
const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 in UTC with up to nine digits of a second, without trailing zeros. */
export function formatNanos(nanos: bigint): string {
  const seconds = new Date(Number(nanos / NANOS_PER_SECOND) * 1_000).toISOString().slice(0, 19);
  const fraction = (nanos % NANOS_PER_SECOND).toString().padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** Nanoseconds since 1970 of an RFC 3339 time, exactly. Throws a RangeError for what is not one. */
export function parseNanos(text: string): bigint {
  const match = RFC_3339.exec(text);
  const seconds = match ? Date.parse(`${match[1]}${match[3]}`) / 1_000 : Number.NaN;
  if (!match || !(seconds >= 0)) throw new RangeError(`not a time since 1970 in RFC 3339: ${text}`);
  return BigInt(seconds) * NANOS_PER_SECOND + BigInt((match[2] ?? "").padEnd(9, "0"));
}
