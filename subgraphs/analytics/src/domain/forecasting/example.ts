/** What was known at a time, and what came of it. */
export interface Example {
  /** When the features were known. */
  atMs: number;
  /** When what is forecast was, or will be, known. */
  untilMs: number;
  features: readonly number[];
  /** What the naive forecast reads, where it reads something. */
  naive: number;
  /** Null while it is not known, and where it decides nothing. */
  actual: number | null;
}

export interface KnownExample extends Example {
  actual: number;
}

export const isKnown = (example: Example): example is KnownExample => example.actual !== null;
