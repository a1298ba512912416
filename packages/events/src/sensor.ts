/** As the API has them. */
export const SENSOR_KINDS = [
  "FLOW",
  "LEVEL",
  "TEMPERATURE",
  "PRESSURE",
  "POWER",
  "ENERGY",
  "SPEED",
  "POSITION",
  "COUNT",
  "SHARE",
  "OTHER",
] as const;

export type SensorKind = (typeof SENSOR_KINDS)[number];

/** In UTF-16, where they come in and where they are kept: an id of them fits a row of an index, whatever its letters are. */
export const SENSOR_CHARACTERS_MAX = { source: 200, metric: 100, name: 200, unit: 50, symbol: 100 } as const;

/** What a sensor may be bound to. */
export const SENSOR_INSTRUMENTS_MAX = 100;

/** A metric has no slash, so no two sensors have one id. */
export function sensorId(source: string, metric: string): string {
  return `${source}/${metric}`;
}
