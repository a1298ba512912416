import { sensorId } from "@mib/events/sensor";
import { parseNanos } from "@mib/protocol/instant";
import { CodedError } from "@mib/service/coded-error";
import { checkedFirst, decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";
import { canonicalDateTime, canonicalDecimal } from "@mib/subgraph-server/scalars";
import { LATEST_NANOS, nanosOf } from "./nanos-of.ts";
import { canBeKept } from "./sensor.ts";

export interface SensorReading {
  id: string;
  sensorId: string;
  value: string;
  unit: string | null;
  atNanos: bigint;
}

/** The value of a record of sensor.readings.v1. */
export interface SensorReadingEvent {
  id: string;
  source: string;
  metric: string;
  value: string;
  unit?: string | null;
  at: string;
}

/** Readings in [from, to), newest first; those of one time by their ids, the greatest first. */
export interface ReadingPage {
  fromNanos: bigint | null;
  toNanos: bigint | null;
  first: number;
  after: { atNanos: bigint; id: string } | null;
}

const READINGS_MAX = 1_000;
/** A page reads the end of each sensor's part of the index. */
const SENSORS_MAX = 1_000;
const ID_CHARACTERS_MAX = 200;

/** The reading that an event tells of, or why it can't be kept. */
export function readingOf(event: SensorReadingEvent): SensorReading | string {
  const value = canonicalDecimal(event.value);
  if (value === null) return "the value has too many digits";
  // The schema lets days pass that there are not.
  const at = canonicalDateTime(event.at);
  if (at === null || Date.parse(at) < 0) return "there is no such time since 1970";
  const atNanos = parseNanos(at);
  if (atNanos >= LATEST_NANOS) return "it is of after 2262";
  const { id, source, metric, unit = null } = event;
  const isIdKept = id.length <= ID_CHARACTERS_MAX && id.isWellFormed() && !id.includes("\u0000");
  if (!isIdKept || !canBeKept({ source, metric, unit: unit ?? "" })) return "a text is too long or can't be stored";
  return { id, sensorId: sensorId(source, metric), value, unit, atNanos };
}

/** Throws a coded error for arguments that are out of bounds. */
export function readingPageOf({
  from,
  to,
  first,
  after,
}: {
  from?: string | null | undefined;
  to?: string | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}): ReadingPage {
  return {
    fromNanos: nanosOf(from),
    toNanos: nanosOf(to),
    first: checkedFirst(first, { fallback: 20, max: READINGS_MAX }),
    after: after == null ? null : placeAfter(after),
  };
}

/** Throws a coded error for more sensors than are read for one page. */
export function checkedSensors(ids: readonly string[]): readonly string[] {
  if (ids.length <= SENSORS_MAX) return ids;
  throw new CodedError("BAD_USER_INPUT", `Name at most ${SENSORS_MAX} sensors in sensors: ${ids.length} are bound.`, {
    argument: "sensors",
    max: SENSORS_MAX,
  });
}

export const readingCursor = ({ atNanos, id }: SensorReading): string => encodeCursor(String(atNanos), id);

function placeAfter(cursor: string): { atNanos: bigint; id: string } {
  const [nanos, id] = decodeCursor(cursor, ["string", "string"]);
  if (!/^\d{1,19}$/.test(nanos) || BigInt(nanos) > LATEST_NANOS || id.includes("\u0000"))
    throw new CodedError("BAD_USER_INPUT", "after is not a cursor of this list.", { argument: "after" });
  return { atNanos: BigInt(nanos), id };
}
