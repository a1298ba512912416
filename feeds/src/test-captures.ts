import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export const FIXTURE = fileURLToPath(new URL("../fixtures/binance-spot-btcusdt.jsonl.gz", import.meta.url));

const folder = resolve(
  process.env.SHARED_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url)),
  "binance",
);

/** The captures that tests run on: the generated one, and the real ones or why they are skipped. */
export const CAPTURES: { name: string; path: string; symbol: string; skip: boolean }[] = [
  { name: "the generated capture", path: FIXTURE, symbol: "BTCUSDT" },
  { name: "spot BTCUSDT", path: resolve(folder, "spot-btcusdt_20240808.jsonl.gz"), symbol: "BTCUSDT" },
  { name: "spot ETHUSDT", path: resolve(folder, "spot-ethusdt_20240808.jsonl.gz"), symbol: "ETHUSDT" },
  { name: "futures BTCUSDT", path: resolve(folder, "usdm-btcusdt_20240808.jsonl.gz"), symbol: "BTCUSDT-PERP" },
].map((capture) =>
  existsSync(capture.path)
    ? { ...capture, skip: false }
    : { ...capture, name: `${capture.name} (skipped: set SHARED_DATA)`, skip: true },
);

/** A second opinion on a capture, with nothing of the feed's code: each line's message, parsed. */
export function independentlyRead(path: string): any[] {
  const lines = gunzipSync(readFileSync(path)).toString().split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line.slice(line.indexOf(" ") + 1)));
}
