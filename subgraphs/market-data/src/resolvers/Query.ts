import { CodedError } from "@mib/service/coded-error";
import { checkedFirst, connectionOf, decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";
import { instrumentsAfter, matcherOf } from "../domain/instrument.ts";
import { sensorCursor, sensorPageOf } from "../domain/sensor.ts";
import type { QueryResolvers } from "../generated/resolvers.ts";

const INSTRUMENTS_MAX = 1_000;

export const Query: QueryResolvers = {
  instrument: async (_, { symbol }, { instruments }) => {
    const instrument = await instruments.find(symbol);
    if (!instrument) throw new CodedError("INSTRUMENT_NOT_FOUND", undefined, { symbol });
    return instrument;
  },
  instruments: (_, { first, after, filter }, { instruments }) => {
    const count = checkedFirst(first, { fallback: 50, max: INSTRUMENTS_MAX });
    const symbol = after == null ? null : decodeCursor(after, ["string"])[0];
    const found = instrumentsAfter(instruments.all(), symbol, count + 1, matcherOf(filter ?? {}));
    return connectionOf(found, count, (instrument) => encodeCursor(instrument.symbol));
  },
  feeds: (_, __, { market }) => market.feeds(),
  sensor: async (_, { id }, { sensors }) => {
    const sensor = await sensors.byId.load(id);
    if (!sensor) throw new CodedError("SENSOR_NOT_FOUND", undefined, { id });
    return sensor;
  },
  sensors: async (_, given, { sensors }) => {
    const page = sensorPageOf(given);
    return connectionOf(await sensors.definitions.page(page), page.first, sensorCursor);
  },
};
