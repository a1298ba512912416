import { kindNamed } from "../ingest/ingest-kind.ts";
import { Random } from "./random.ts";
import { idOfSensor, type SimulatedSensor } from "./sensors.ts";

/** As `sensor.definitions.v1` carries it. */
export interface SensorDefinition {
  id: string;
  sensor: string;
  source: string;
  metric: string;
  name: string;
  kind: string;
  unit: string;
  instruments: { symbol: string }[];
  definedAt: string;
}

/** As `sensor.readings.v1` carries it. */
export interface Reading {
  id: string;
  source: string;
  metric: string;
  value: string;
  unit: string;
  at: string;
  sensor: { id: string };
  instruments: { symbol: string }[];
}

interface Course {
  sensor: SimulatedSensor;
  random: Random;
  /** How far it is off its level by chance, in standard deviations. */
  deviation: number;
}

/** Measured every so often, and every so often in the past. */
const EVERY_S = 30;
const PAST_EVERY_S = 900;
const DAY_S = 86_400;
/** So long a deviation takes to fall to a third. */
const MEMORY_S = 3 * 3_600;

/** What sensors of the simulated world measure. The same seed and times give the same values, however they are asked for. */
export class Measurements {
  readonly #courses: readonly Course[];
  readonly #startSeconds: number;
  #atSeconds: number;

  /** Begins in the past, which ends at the start. */
  constructor(seed: string, sensors: readonly SimulatedSensor[], fromSeconds: number, startSeconds: number) {
    this.#courses = sensors.map((sensor) => {
      const random = new Random(seed, `sensor ${idOfSensor(sensor)}`);
      return { sensor, random, deviation: random.normal() };
    });
    this.#startSeconds = startSeconds;
    this.#atSeconds = Math.ceil(fromSeconds / PAST_EVERY_S) * PAST_EVERY_S;
  }

  definitions(): SensorDefinition[] {
    const definedAt = timeOf(Math.floor(this.#startSeconds));
    return this.#courses.map(({ sensor }) => {
      const { source, metric, name, kind, unit, symbols } = sensor;
      const instruments = symbols.map((symbol) => ({ symbol }));
      const definition = { sensor: idOfSensor(sensor), source, metric, name, kind, unit, instruments, definedAt };
      return { id: kindNamed("sensors").id(definition), ...definition };
    });
  }

  /** What was measured up to a time and not told before, oldest first. */
  due(untilSeconds: number): Reading[] {
    const readings: Reading[] = [];
    while (this.#atSeconds <= untilSeconds) {
      const every = this.#atSeconds + PAST_EVERY_S <= this.#startSeconds ? PAST_EVERY_S : EVERY_S;
      for (const course of this.#courses) readings.push(this.#measure(course, every));
      this.#atSeconds += every;
    }
    return readings;
  }

  #measure(course: Course, sinceSeconds: number): Reading {
    const { sensor, random } = course;
    const kept = Math.exp(-sinceSeconds / MEMORY_S);
    course.deviation = kept * course.deviation + Math.sqrt(1 - kept * kept) * random.normal();
    // Least at six in the morning, most at six in the evening.
    const swing = -Math.sin((2 * Math.PI * (this.#atSeconds % DAY_S)) / DAY_S);
    const value = sensor.level * (1 + sensor.daily * swing) * Math.exp(sensor.noise * course.deviation);
    const { source, metric, unit, symbols } = sensor;
    const reading = { source, metric, value: decimal(value, sensor.digits), unit, at: timeOf(this.#atSeconds) };
    return {
      id: kindNamed("readings").id(reading),
      ...reading,
      sensor: { id: idOfSensor(sensor) },
      instruments: symbols.map((symbol) => ({ symbol })),
    };
  }
}

function decimal(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

const timeOf = (seconds: number): string => new Date(seconds * 1_000).toISOString().replace(".000Z", "Z");
