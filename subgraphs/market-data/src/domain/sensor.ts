import {
  SENSOR_CHARACTERS_MAX,
  SENSOR_INSTRUMENTS_MAX,
  SENSOR_KINDS,
  sensorId,
  type SensorKind,
} from "@mib/events/sensor";
import { CodedError } from "@mib/service/coded-error";
import { checkedFirst, decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";
import { canonicalDateTime } from "@mib/subgraph-server/scalars";

export interface Sensor {
  id: string;
  source: string;
  metric: string;
  name: string;
  kind: SensorKind;
  unit: string;
  symbols: readonly string[];
  /** RFC 3339. */
  definedAt: string;
}

/** The value of a record of sensor.definitions.v1. */
export interface SensorDefinitionEvent {
  sensor: string;
  source: string;
  metric: string;
  name: string;
  kind: string;
  unit: string;
  instruments: readonly { symbol: string }[];
  definedAt: string;
}

/** One page of sensors in the order of their ids; null: no such condition. */
export interface SensorPage {
  symbols: readonly string[] | null;
  source: string | null;
  kind: SensorKind | null;
  first: number;
  afterId: string | null;
}

const FIRST_MAX = 200;
const SYMBOLS_MAX = 1_000;

/** The sensor that an event defines, or why it can't be kept. */
export function sensorOf(event: SensorDefinitionEvent): Sensor | string {
  const { sensor, source, metric, name, unit, instruments } = event;
  const areKept = canBeKept({ source, metric, name, unit }) && instruments.every(({ symbol }) => canBeKept({ symbol }));
  if (!areKept || instruments.length > SENSOR_INSTRUMENTS_MAX)
    return "a text is too long or can't be stored, or there are too many instruments";
  if (sensor !== sensorId(source, metric)) return "the sensor's id is not its source and metric";
  // The schema lets days pass that there are not.
  const definedAt = canonicalDateTime(event.definedAt);
  if (definedAt === null || Date.parse(definedAt) < 0) return "there is no such time since 1970";
  return {
    id: event.sensor,
    source: event.source,
    metric: event.metric,
    name: event.name,
    kind: SENSOR_KINDS.find((kind) => kind === event.kind) ?? "OTHER",
    unit: event.unit,
    symbols: [...new Set(event.instruments.map(({ symbol }) => symbol))],
    definedAt: event.definedAt,
  };
}

/** Whether PostgreSQL can hold these texts of a sensor, also in an index. */
export function canBeKept(texts: Partial<Record<keyof typeof SENSOR_CHARACTERS_MAX, string>>): boolean {
  return Object.entries(texts).every(
    ([name, text]) =>
      text.length <= SENSOR_CHARACTERS_MAX[name as keyof typeof texts] &&
      text.isWellFormed() &&
      !text.includes("\u0000"),
  );
}

/** What an id is made of. */
export function partsOf(id: string): { source: string; metric: string } {
  const slash = id.lastIndexOf("/");
  return { source: id.slice(0, Math.max(0, slash)), metric: id.slice(slash + 1) };
}

/** Throws a coded error for arguments that are out of bounds. */
export function sensorPageOf({
  first,
  after,
  filter,
}: {
  first?: number | null | undefined;
  after?: string | null | undefined;
  filter?:
    | {
        symbols?: readonly string[] | null | undefined;
        source?: string | null | undefined;
        kind?: SensorKind | null | undefined;
      }
    | null
    | undefined;
}): SensorPage {
  const { symbols = null, source = null, kind = null } = filter ?? {};
  if (symbols && symbols.length > SYMBOLS_MAX)
    throw new CodedError("BAD_USER_INPUT", `symbols names more than ${SYMBOLS_MAX} instruments.`, {
      argument: "symbols",
    });
  return {
    symbols,
    source,
    kind,
    first: checkedFirst(first, { fallback: 50, max: FIRST_MAX }),
    afterId: after == null ? null : decodeCursor(after, ["string"])[0],
  };
}

export const sensorCursor = ({ id }: Sensor): string => encodeCursor(id);
