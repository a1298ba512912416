import { bySize, type Standing } from "./snapshot.ts";

/** What instruments are put together by. */
export type HeatMapGrouping = "CLASS" | "SIZE" | "SECTOR";

/** Instruments of a heat map that have something in common. */
export interface HeatMapGroup<Class> {
  /** Of CLASS; null of other groupings, and where the class is not known. */
  class: Class | null;
  /** Of SIZE: traded values from here, and up to and without there. Null of other groupings. */
  tradedValueFrom: number | null;
  tradedValueTo: number | null;
  instruments: number;
  advancing: number;
  declining: number;
  tradedValue: number;
  /** The mean of changes, each by its traded value; null where nothing was traded. */
  changePercent: number | null;
  /** The most traded first. */
  cells: Standing[];
}

/** Groups of instruments: by size from the largest bucket down, else the most traded first. Each instrument is in one of them. */
export function heatMapGroups<Class>(
  standings: readonly Standing[],
  by: HeatMapGrouping,
  classOf: (symbol: string) => Class | null,
): HeatMapGroup<Class>[] {
  const sorted = standings.toSorted(bySize(({ tradedValue }) => tradedValue));
  const groups = Map.groupBy(sorted, ({ symbol, tradedValue }) =>
    // No definition of an instrument carries a sector: all are together.
    by === "CLASS" ? classOf(symbol) : by === "SIZE" ? bucketOf(tradedValue) : null,
  );
  const found = [...groups].map(([key, cells]) => ({
    class: by === "CLASS" ? (key as Class | null) : null,
    tradedValueFrom: by === "SIZE" ? bucketFrom(key as number) : null,
    tradedValueTo: by === "SIZE" ? bucketFrom((key as number) + 1) : null,
    ...totalsOf(cells),
    cells,
  }));
  // Buckets come in the order of their members already, however many members a lower one has.
  return by === "SIZE" ? found : found.sort((a, b) => b.tradedValue - a.tradedValue);
}

/** That of the largest numbers there are. */
const BUCKET_MAX = 309;

/** The digits in front of the point: a bucket is a power of ten; what is below one is in the first. */
function bucketOf(tradedValue: number): number {
  // Not by logarithms: that of a power of ten may be off by a last digit.
  let bucket = 0;
  while (bucket < BUCKET_MAX && bucketFrom(bucket + 1) <= tradedValue) bucket += 1;
  return bucket;
}

const bucketFrom = (bucket: number): number => (bucket === 0 ? 0 : Number(`1e${bucket - 1}`));

function totalsOf(cells: readonly Standing[]) {
  let [advancing, declining, tradedValue, weighted] = [0, 0, 0, 0];
  for (const cell of cells) {
    if (cell.changePercent > 0) advancing += 1;
    if (cell.changePercent < 0) declining += 1;
    tradedValue += cell.tradedValue;
    weighted += cell.changePercent * cell.tradedValue;
  }
  const changePercent = tradedValue > 0 ? weighted / tradedValue : null;
  return { instruments: cells.length, advancing, declining, tradedValue, changePercent };
}
