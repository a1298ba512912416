/** What of a sensor's definition readings are held against. */
export interface DefinedSensor {
  unit: string;
  symbols: readonly string[];
}

const SENSORS_MAX = 10_000;

/** The sensors that are defined, by their ids. The last definition of one counts. */
export class SensorRegistry {
  readonly #sensors = new Map<string, DefinedSensor>();
  readonly #sensorsMax: number;

  constructor({ sensorsMax = SENSORS_MAX } = {}) {
    this.#sensorsMax = sensorsMax;
  }

  get size(): number {
    return this.#sensors.size;
  }

  /** Whether there is room for its definition. */
  hasRoomFor(id: string): boolean {
    return this.#sensors.has(id) || this.#sensors.size < this.#sensorsMax;
  }

  define(id: string, sensor: DefinedSensor): void {
    if (this.hasRoomFor(id)) this.#sensors.set(id, sensor);
  }

  find(id: string): DefinedSensor | null {
    return this.#sensors.get(id) ?? null;
  }
}
