import { collectDefaultMetrics, Registry } from "prom-client";

export { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from "prom-client";

/** A registry with the process's own figures (CPU, memory, event loop lag) and a label that names the process. */
export function createRegistry(name: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service: name });
  collectDefaultMetrics({ register: registry });
  return registry;
}
