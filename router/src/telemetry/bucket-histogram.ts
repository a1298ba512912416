import type { Registry } from "@mib/service/metrics";

interface Sample {
  metricName: string;
  labels: Readonly<Record<string, string | number>>;
  value: number;
}

/** The observations of one set of labels. */
export class Buckets {
  readonly labels: Readonly<Record<string, string>>;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #total = 0;

  constructor(bounds: readonly number[], labels: Readonly<Record<string, string>>) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number, times = 1): void {
    this.#sum += value * times;
    this.#total += times;
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    if (bucket < this.#bounds.length) this.#counts[bucket]! += times;
  }

  samples(name: string): Sample[] {
    let cumulative = 0;
    const sample = (suffix: string, value: number, le?: string | number): Sample => ({
      metricName: name + suffix,
      labels: le === undefined ? this.labels : { ...this.labels, le },
      value,
    });
    return [
      ...this.#bounds.map((bound, i) => sample("_bucket", (cumulative += this.#counts[i]!), bound)),
      sample("_bucket", this.#total, "+Inf"),
      sample("_sum", this.#sum),
      sample("_count", this.#total),
    ];
  }

  reset(): void {
    this.#counts.fill(0);
    this.#sum = 0;
    this.#total = 0;
  }
}

/**
 * A histogram whose observations cost next to nothing: labels are looked up once, and many equal observations are one. An
 * event that goes to ten thousand sockets is one call. Shown as Prometheus shows histograms.
 */
export class BucketHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly aggregator = "sum";
  readonly #bounds: readonly number[];
  readonly #series: Buckets[] = [];
  readonly #kept: () => readonly Buckets[];

  /** `kept`: what is observed elsewhere and shown here, too. */
  constructor({
    name,
    help,
    bounds,
    registry,
    kept = () => [],
  }: {
    name: string;
    help: string;
    bounds: readonly number[];
    registry: Registry;
    kept?: () => readonly Buckets[];
  }) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    this.#kept = kept;
    registry.registerMetric(this as never);
  }

  /** What observations with these labels go to: made once for each set of labels. */
  with(labels: Readonly<Record<string, string>>): Buckets {
    const buckets = new Buckets(this.#bounds, labels);
    this.#series.push(buckets);
    return buckets;
  }

  /** What prom-client's registry asks of a metric. */
  get(): {
    name: string;
    help: string;
    type: string;
    aggregator: string;
    values: Sample[];
  } {
    const values = [...this.#series, ...this.#kept()].flatMap((buckets) => buckets.samples(this.name));
    return { name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values };
  }

  reset(): void {
    for (const buckets of this.#series) buckets.reset();
  }
}
