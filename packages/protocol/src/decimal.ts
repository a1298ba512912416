const ONE_E9 = 1_000_000_000n;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
const I64_MAX = 2n ** 63n - 1n;

/** Units of 1e-9 of a decimal number, exactly. Throws a RangeError for what is not one or does not fit into an i64. */
export function parseE9(text: string): bigint {
  const value = parseSumE9(text);
  if (value > I64_MAX || value < -I64_MAX) throw new RangeError(`too large: ${text}`);
  return value;
}

/** As `parseE9`, for sums such as a bar's volume: they may be larger than an i64. */
export function parseSumE9(text: string): bigint {
  const match = DECIMAL.exec(text);
  if (!match) throw new RangeError(`not a decimal number: ${text}`);
  const [, sign, whole = "0", fraction = ""] = match;
  if (fraction.length > 9 && /[1-9]/.test(fraction.slice(9)))
    throw new RangeError(`more than nine decimal places: ${text}`);
  const value = BigInt(whole) * ONE_E9 + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -value : value;
}

/** The decimal number of so many units of 1e-9, without trailing zeros. */
export function formatE9(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  const sign = value < 0n ? "-" : "";
  return fraction === "" ? `${sign}${digits.slice(0, -9)}` : `${sign}${digits.slice(0, -9)}.${fraction}`;
}

/** Volume-weighted average price, rounded down to 1e-9; null when nothing was traded at a known size. */
export function vwapE9(notionalE18: bigint, volumeE9: bigint): bigint | null {
  return volumeE9 === 0n ? null : notionalE18 / volumeE9;
}
