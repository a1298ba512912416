/** From open to last in percent, to a millionth of a percent. */
export function changePercent(openE9: bigint, lastE9: bigint): number {
  if (openE9 === 0n) return 0;
  return Number(((lastE9 - openE9) * 100_000_000n) / openE9) / 1_000_000;
}
