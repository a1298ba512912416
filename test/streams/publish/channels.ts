/** A channel of the run, and how its events look where they are published. */
export interface TestChannel {
  /** As clients and histories name it. */
  key: string;
  topic: string;
  name: string;
  eventsPerSecond: number;
  /** The event that is the n-th of its channel; headers are for Kafka. */
  record(n: number): { value: string; headers: Record<string, string> };
}

const AT = "2026-01-01T00:00:00Z";
/** So large that what a slow client can't take soon fills the kernel's buffers. */
const FAT_BYTES = 12_000;
const FAT = "m".repeat(FAT_BYTES);

/** What the n-th event says, and no other: so that a mixed-up event is found. */
export const valueOf = (n: number): string => String((n * 7_919) % 1_000_003);

/** By kind; all events of a run are in channels that no other run has. */
export interface TestChannels {
  trades: TestChannel[];
  quotes: TestChannel[];
  readings: TestChannel[];
  fat: TestChannel;
  /** Of streams in Redis alone. */
  orders: TestChannel[];
}

export function testChannels(run: string, tradesPerSecond: number): TestChannels {
  const names = (kind: string, count: number) => Array.from({ length: count }, (_, i) => `${run}-${kind}${i}`);
  return {
    trades: names("T", 8).map((name) => trade(name, run, tradesPerSecond / 8)),
    quotes: names("Q", 6).map((name) => quote(name, run, tradesPerSecond / 30)),
    readings: names("R", 2).map((name) => reading(name, tradesPerSecond / 20, "metric")),
    fat: reading(`${run}-fat0`, 8, FAT),
    orders: names("O", 3).map((name) => order(name, tradesPerSecond / 10)),
  };
}

/** What comes by way of Kafka. */
export const ofKafka = ({ trades, quotes, readings, fat }: TestChannels): TestChannel[] => [
  ...trades,
  ...quotes,
  ...readings,
  fat,
];

function trade(name: string, epoch: string, eventsPerSecond: number): TestChannel {
  const value = (n: number) => ({
    instrument: { symbol: name },
    id: String(n),
    price: valueOf(n),
    size: "1",
    side: null,
    at: AT,
  });
  return engineChannel("market.trades.v1", name, { epoch, eventsPerSecond, value });
}

function quote(name: string, epoch: string, eventsPerSecond: number): TestChannel {
  const value = (n: number) => ({
    instrument: { symbol: name },
    bidPrice: valueOf(n),
    bidSize: String(n),
    askPrice: "1",
    askSize: "1",
    at: AT,
    stale: false,
  });
  return engineChannel("market.quotes.v1", name, { epoch, eventsPerSecond, value });
}

/** Its place is a sequence that the producer gives. */
function engineChannel(
  topic: string,
  name: string,
  { epoch, value, ...kind }: { epoch: string; eventsPerSecond: number; value(n: number): object },
): TestChannel {
  return {
    key: `${topic}/${name}`,
    topic,
    name,
    ...kind,
    record: (n) => ({
      value: JSON.stringify(value(n)),
      headers: { channel: name, epoch, sequence: String(n), ordinal: "0", "schema-version": "1" },
    }),
  };
}

/** Its place is its offset; what was sent twice is known by its id. */
function reading(name: string, eventsPerSecond: number, metric: string): TestChannel {
  const topic = "sensor.readings.v1";
  return {
    key: `${topic}/${name}`,
    topic,
    name,
    eventsPerSecond,
    record: (n) => ({
      value: JSON.stringify({ id: String(n), source: name, metric, value: valueOf(n), at: AT }),
      headers: { channel: name, "event-id": `${name}-${n}`, "schema-version": "1" },
    }),
  };
}

/** An entry's id is its number: the publisher gives it. */
function order(name: string, eventsPerSecond: number): TestChannel {
  return {
    key: `orders/${name}`,
    topic: "orders",
    name,
    eventsPerSecond,
    record: (n) => ({ value: JSON.stringify({ shop: name, id: String(n), total: valueOf(n) }), headers: {} }),
  };
}
