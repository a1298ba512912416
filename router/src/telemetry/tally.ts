import { Counter, type Registry } from "@mib/service/metrics";

interface Count {
  labels: Record<string, string>;
  value: number;
}

/** A counter with labels that is counted in memory of its own, and handed to prom-client when somebody asks. */
export class Tally {
  readonly #counts = new Map<string, Count>();

  constructor(name: string, help: string, labelNames: string[], registry: Registry) {
    const counts = this.#counts;
    const counter = new Counter({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        for (const count of counts.values()) {
          if (count.value > 0) this.inc(count.labels, count.value);
          count.value = 0;
        }
      },
    });
    registry.registerMetric(counter);
  }

  /** `key` stands for the labels, which are read when it is new. */
  count(key: string, labels: () => Record<string, string>): void {
    let count = this.#counts.get(key);
    if (!count) this.#counts.set(key, (count = { labels: labels(), value: 0 }));
    count.value += 1;
  }
}
