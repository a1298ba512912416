/** The value that the fraction `q` of the samples does not exceed (nearest rank). The samples are sorted in place. */
export function percentile(samples: Float64Array | number[], q: number): number {
  if (samples.length === 0) throw new RangeError("a percentile of no samples");
  samples.sort(samples instanceof Float64Array ? undefined : (a: number, b: number) => a - b);
  return samples[Math.min(samples.length - 1, Math.max(0, Math.ceil(q * samples.length) - 1))]!;
}
