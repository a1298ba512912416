/** The greatest of some offsets. */
export const greatest = (...offsets: readonly [bigint, ...bigint[]]): bigint =>
  offsets.reduce((a, b) => (a > b ? a : b));
