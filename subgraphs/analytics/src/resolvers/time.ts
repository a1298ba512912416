/** Milliseconds since 1970 as a DateTime. */
export const timeOf = (ms: number): string => new Date(ms).toISOString();
