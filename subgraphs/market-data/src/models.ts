import type { Bar as BarRecord } from "./domain/bar.ts";
import type { Instrument as InstrumentRecord } from "./domain/instrument.ts";
import type {
  FeedStatus as FeedStatusRecord,
  OrderBook as OrderBookRecord,
  Quote as QuoteRecord,
  Trade as TradeRecord,
} from "./domain/ports.ts";
import type { SensorReading as SensorReadingRecord } from "./domain/sensor-reading.ts";
import type { Sensor as SensorRecord } from "./domain/sensor.ts";

/** What resolvers of the types with the same names get as their parent. */
export type Instrument = InstrumentRecord;
export type Quote = QuoteRecord;
export type Trade = TradeRecord;
export type Bar = BarRecord;
export type OrderBook = OrderBookRecord;
export type FeedStatus = FeedStatusRecord;
export type Sensor = SensorRecord;
export type SensorReading = SensorReadingRecord;
