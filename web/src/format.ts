const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZone: "UTC",
});
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZone: "UTC",
});
const COMPACT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2 });

/** A decimal string with thousands separated; its digits are never changed. */
export function price(decimal: string): string {
  const [whole = "0", fraction] = decimal.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

export function percent(value: number): string {
  return `${value > 0 ? "+" : value < 0 ? "\u2212" : ""}${Math.abs(value).toFixed(2)}\u2009%`;
}

export function compact(decimal: string): string {
  return COMPACT.format(Number(decimal));
}

export function time(at: string): string {
  return TIME.format(new Date(at));
}

export function dayAndTime(at: string): string {
  return DAY_AND_TIME.format(new Date(at));
}

/** How many decimals prices of this size are drawn with: those that the price itself has. */
export function decimalsOf(decimal: string): number {
  return decimal.split(".")[1]?.length ?? 0;
}
