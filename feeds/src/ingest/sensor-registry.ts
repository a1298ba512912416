/** What of a sensor's definition readings are held against. */
export interface DefinedSensor {
  unit: string;
  symbols: readonly string[];
  /** RFC 3339, in UTC. */
  definedAt: string;
}

const SENSORS_MAX = 10_000;

/** The sensors that are defined, by their ids. The last definition of one counts. */
export class SensorRegistry {
  readonly #sensors = new Map<string, DefinedSensor>();

  get size(): number {
    return this.#sensors.size;
  }

  /** Whether its definition may be taken in, beside others that were and are not here yet. */
  hasRoomFor(id: string, others: ReadonlySet<string>): boolean {
    if (this.#sensors.has(id) || others.has(id)) return true;
    const defined = [...others].filter((other) => !this.#sensors.has(other));
    return this.#sensors.size + defined.length < SENSORS_MAX;
  }

  /** Whatever was taken in once counts: to forget some would leave it to the order of reading which. */
  define(id: string, sensor: DefinedSensor): void {
    this.#sensors.set(id, sensor);
  }

  find(id: string): DefinedSensor | null {
    return this.#sensors.get(id) ?? null;
  }
}
