import { createReadStream, existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";

const REAL_CAPTURE = resolve(process.env.SHARED_DATA ?? "../shared/data", "binance/spot-btcusdt_20240808.jsonl.gz");
const REAL = existsSync(REAL_CAPTURE);
if (!REAL) process.stdout.write("the real captures are skipped: set SHARED_DATA\n");

/** What the tests replay: the real capture, or the generated one where that is not to be had. */
export const CAPTURE = REAL ? REAL_CAPTURE : resolve("feeds/fixtures/binance-spot-btcusdt.jsonl.gz");

/** A trade as the capture holds it. Prices and sizes in units of 1e-9. */
export interface CapturedTrade {
  id: string;
  priceE9: bigint;
  sizeE9: bigint;
  atMs: number;
  buyerIsMaker: boolean;
}

export interface ExpectedBar {
  openedAt: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  tradeCount: number;
}

/** Reads the trades of a Binance capture with nothing of the feed's code, so that it is a second opinion. */
export async function readTrades(path: string): Promise<CapturedTrade[]> {
  const trades: CapturedTrade[] = [];
  const lines = createInterface({ input: createReadStream(path).pipe(createGunzip()), crlfDelay: Infinity });
  for await (const line of lines) {
    const message = JSON.parse(line.slice(line.indexOf(" ") + 1));
    if (message.data?.e !== "trade") continue;
    const { t, p, q, T, m } = message.data;
    trades.push({ id: String(t), priceE9: toE9(p), sizeE9: toE9(q), atMs: T, buyerIsMaker: m });
  }
  return trades;
}

const MINUTE_MS = 60_000;

/** One-minute bars by integer arithmetic, oldest first; minutes without a trade have none. */
export function minuteBars(trades: readonly CapturedTrade[]): ExpectedBar[] {
  const minutes = new Map<number, CapturedTrade[]>();
  for (const trade of trades) {
    const minute = Math.floor(trade.atMs / MINUTE_MS);
    minutes.set(minute, [...(minutes.get(minute) ?? []), trade]);
  }
  return [...minutes].sort(([a], [b]) => a - b).map(([minute, inMinute]) => barOf(minute, inMinute));
}

function barOf(minute: number, trades: readonly CapturedTrade[]): ExpectedBar {
  const prices = trades.map((trade) => trade.priceE9);
  return {
    openedAt: new Date(minute * MINUTE_MS).toISOString().replace(".000Z", "Z"),
    open: fromE9(prices[0]!),
    high: fromE9(prices.reduce((a, b) => (a > b ? a : b))),
    low: fromE9(prices.reduce((a, b) => (a < b ? a : b))),
    close: fromE9(prices.at(-1)!),
    volume: fromE9(trades.reduce((sum, trade) => sum + trade.sizeE9, 0n)),
    tradeCount: trades.length,
  };
}

function toE9(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9));
}

function fromE9(value: bigint): string {
  const digits = value.toString().padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  return fraction === "" ? digits.slice(0, -9) : `${digits.slice(0, -9)}.${fraction}`;
}
