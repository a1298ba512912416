import { SENSOR_CHARACTERS_MAX, SENSOR_INSTRUMENTS_MAX, sensorId } from "@mib/events/sensor";
import { validateValue } from "@mib/events/validate";
import { CodedError } from "@mib/service/coded-error";
import type { ErrorCode } from "@mib/service/error-catalogue";
import { eventTime } from "./event-time.ts";
import { type FieldRule, type IngestKindName, kindNamed } from "./ingest-kind.ts";
import type { SensorRegistry } from "./sensor-registry.ts";

/** Why an item is not taken. */
interface Problem {
  code: ErrorCode;
  reason: string;
}

/** An item as Kafka gets it: into its topic, or with its problem into the dead letters. */
export interface IngestItem {
  key: string | null;
  /** Empty for what is no object. */
  eventId: string;
  value: string;
  problem: Problem | null;
}

/** What an item is read beside; those of one request have the same. */
export interface Surroundings {
  sensors: SensorRegistry;
  /** Sensors of the items before it, which are not in `sensors` yet. */
  beingDefined: Set<string>;
  nowMs: number;
}

const INSTRUMENTS_MAX = SENSOR_INSTRUMENTS_MAX;
const SYMBOL_CHARACTERS_MAX = SENSOR_CHARACTERS_MAX.symbol;
const ID_CHARACTERS_MAX = 200;
const REASON_CHARACTERS_MAX = 300;

/** Reads an item as it was given. Throws BAD_REQUEST for one that nests so deeply that it can't be written again. */
export function readItem(kind: IngestKindName, given: unknown, around: Surroundings): IngestItem {
  try {
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      const problem: Problem = { code: "ITEM_INVALID", reason: "the item is no object" };
      return { key: null, eventId: "", value: JSON.stringify(given), problem };
    }
    return readFields(kind, given as Record<string, unknown>, around);
  } catch (error) {
    // Texts that nest some thousand times can be read and not be written again.
    if (!(error instanceof RangeError)) throw error;
    throw new CodedError("BAD_REQUEST", "an item is nested too deeply", {}, { cause: error });
  }
}

function readFields(kind: IngestKindName, given: Record<string, unknown>, around: Surroundings): IngestItem {
  const { topic, time, key, id } = kindNamed(kind);
  const fields = { ...given };
  let problem = problemOfFields(kind, fields);
  if (time !== null) {
    const at = eventTime(given[time], around.nowMs);
    if (at.ok) fields[time] = at.at;
    else problem ??= { code: "ITEM_TIME_INVALID", reason: `${time} ${at.reason}` };
  }
  if (kind === "sensors") Object.assign(fields, definitionOf(fields, around.nowMs));
  const eventId = id(fields);
  if (kind === "readings") problem ??= bind(fields, around.sensors);
  if (kind === "sensors" && !around.sensors.hasRoomFor(String(fields.sensor), around.beingDefined))
    problem ??= { code: "TOO_MANY_SENSORS", reason: "as many sensors are defined as there may be" };
  const value = JSON.stringify({ ...fields, id: eventId });
  if (problem === null) {
    const validation = validateValue(topic, value);
    if (!validation.ok) problem = { code: "ITEM_INVALID", reason: validation.reason };
  }
  if (problem !== null) problem = { ...problem, reason: problem.reason.slice(0, REASON_CHARACTERS_MAX) };
  else if (kind === "sensors") around.beingDefined.add(String(fields.sensor));
  return { key: key(fields), eventId, value, problem };
}

/** What no schema of JSON says: names of fields, lengths, characters. */
function problemOfFields(kind: IngestKindName, item: Record<string, unknown>): Problem | null {
  const { fields, hasInstruments } = kindNamed(kind);
  const known = [...Object.keys(fields), ...(hasInstruments ? ["instruments"] : []), "id"];
  for (const [name, value] of Object.entries(item)) {
    if (!known.includes(name)) return invalid(`/${name} is not known: an item has ${known.join(", ")}`);
    if (name === "instruments") {
      const reason = problemOfInstruments(value);
      if (reason !== null) return invalid(reason);
    }
    const rule: FieldRule = name === "id" ? { charactersMax: ID_CHARACTERS_MAX } : (fields[name] ?? {});
    const reason = typeof value === "string" ? problemOfText(value, rule) : null;
    if (reason !== null) return invalid(`/${name} ${reason}`);
  }
  return null;
}

function problemOfText(text: string, { charactersMax, pattern, oneOf }: FieldRule): string | null {
  if (charactersMax !== undefined && text.length > charactersMax) return `has more than ${charactersMax} characters`;
  if (text.includes("\u0000") || !text.isWellFormed()) return "has a character that can't be stored";
  if (pattern !== undefined && !pattern.test(text)) return `does not match ${pattern.source}`;
  if (oneOf !== undefined && !oneOf.includes(text)) return `is none of ${oneOf.join(", ")}`;
  return null;
}

/** What is no list of objects, the schema tells. */
function problemOfInstruments(value: unknown): string | null {
  if (!Array.isArray(value)) return null;
  if (value.length > INSTRUMENTS_MAX) return `/instruments has more than ${INSTRUMENTS_MAX}`;
  for (const [index, instrument] of value.entries()) {
    if (typeof instrument !== "object" || instrument === null) continue;
    const unknown = Object.keys(instrument).find((name) => name !== "symbol");
    if (unknown !== undefined) return `/instruments/${index}/${unknown} is not known: an instrument has symbol`;
    const { symbol } = instrument as { symbol?: unknown };
    const reason = typeof symbol === "string" ? problemOfText(symbol, { charactersMax: SYMBOL_CHARACTERS_MAX }) : null;
    if (reason !== null) return `/instruments/${index}/symbol ${reason}`;
  }
  return null;
}

/** Gives a reading the sensor that it is of and the instruments that this one is bound to, or says what speaks against it. */
function bind(reading: Record<string, unknown>, sensors: SensorRegistry): Problem | null {
  const { source, metric, unit } = reading;
  // What is no text the schema refuses.
  if (typeof source !== "string" || typeof metric !== "string") return null;
  const id = sensorId(source, metric);
  const sensor = sensors.find(id);
  if (sensor === null) return { code: "SENSOR_UNKNOWN", reason: `the sensor ${id} is not defined` };
  if (unit !== undefined && unit !== null && unit !== sensor.unit)
    return {
      code: "SENSOR_UNIT_DIFFERS",
      reason: `the sensor ${id} measures in ${sensor.unit}, not in ${JSON.stringify(unit)}`,
    };
  const instruments = sensor.symbols.map((symbol) => ({ symbol }));
  Object.assign(reading, { unit: sensor.unit, sensor: { id }, instruments });
  return null;
}

function definitionOf({ source, metric }: Record<string, unknown>, nowMs: number): Record<string, unknown> {
  return {
    sensor: sensorId(String(source), String(metric)),
    definedAt: new Date(nowMs).toISOString().replace(/\.?0*Z$/, "Z"),
  };
}

function invalid(reason: string): Problem {
  return { code: "ITEM_INVALID", reason };
}
