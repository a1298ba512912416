/** One figure. `docs/benchmarks.md` explains every id. */
export interface BenchRow {
  /** `<bench>.<what>[.<condition>]`, for instance `tick.latency-p50.subscribers-100`. */
  id: string;
  value: number;
  /** `ms`, `µs`, `events/s`, `CPU-ms/1000`, `ratio` … */
  unit: string;
  /** What the figure is of when it is not ours: the peer that ran in the same run, with its version. */
  peer?: string;
}

/** What `run` of a file in this folder returns. */
export interface BenchResult {
  rows: BenchRow[];
  /** What was left out or what disturbed the run, in a sentence each: printed and written with the figures. */
  notes?: string[];
}

/** The shape of a file `test/bench/NAME.ts`. */
export interface Bench {
  name: string;
  run(options: BenchOptions): Promise<BenchResult>;
}

export interface BenchOptions {
  /** A shorter run whose figures show only that it works. */
  quick: boolean;
  /** Words after the bench's name on the command line. */
  args: readonly string[];
}
