import { formatNanos } from "@mib/protocol/instant";
import { connectionOf } from "@mib/subgraph-server/connection";
import type { Context } from "../context.ts";
import { checkedSensors, readingCursor, type ReadingPage, readingPageOf } from "../domain/sensor-reading.ts";
import { partsOf } from "../domain/sensor.ts";
import type { SensorReadingResolvers, SensorResolvers } from "../generated/resolvers.ts";

export const Sensor: SensorResolvers = {
  __resolveReference: ({ id }, { sensors }) => sensors.byId.load(id),
  instruments: ({ symbols }, _, context) => knownOf(symbols, context),
  latest: ({ id }, _, { sensors }) => sensors.latest.load(id),
  readings: ({ id }, page, context) => readingsOf([id], readingPageOf(page), context),
};

export const SensorReading: SensorReadingResolvers = {
  sensor: ({ sensorId }, _, { sensors }) => sensors.byId.load(sensorId),
  source: ({ sensorId }) => partsOf(sensorId).source,
  metric: ({ sensorId }) => partsOf(sensorId).metric,
  at: ({ atNanos }) => formatNanos(atNanos),
  async instruments({ sensorId }, _, context) {
    const sensor = await context.sensors.byId.load(sensorId);
    return sensor && knownOf(sensor.symbols, context);
  },
};

/** What these sensors measured, as one list. */
export async function readingsOf(sensorIds: readonly string[], page: ReadingPage, { sensors, lists }: Context) {
  const ids = checkedSensors(sensorIds);
  const found = await lists.read(
    () => sensors.readings.page(ids, page),
    (rows) => rows.length,
  );
  return connectionOf(found, page.first, readingCursor);
}

/** A sensor may be bound to what is not traded here. */
async function knownOf(symbols: readonly string[], { instruments }: Context) {
  const found = await Promise.all(symbols.map((symbol) => instruments.find(symbol)));
  return found.filter((instrument) => instrument !== null);
}
