const GROUPED = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 6 });
const SHORT = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 4 });
const COMPACT = new Intl.NumberFormat("en-GB", { notation: "compact", maximumSignificantDigits: 3 });

/** What is not known. */
export const NONE = "–";

/** What statistics are worth: four digits. */
export const figure = (value: number | null): string => (value === null ? NONE : SHORT.format(value));

/** A price, to six digits. */
export const number = (value: number | null): string => (value === null ? NONE : GROUPED.format(value));

export const compact = (value: number): string => COMPACT.format(value);

/** With its sign. */
export const change = (percent: number): string =>
  `${percent > 0 ? "+" : percent < 0 ? "\u2212" : ""}${Math.abs(percent).toFixed(2)} %`;

/** Of a part of 1. */
export const share = (part: number | null): string => (part === null ? NONE : `${Math.round(part * 100)} %`);

/** A DateTime to the minute: 2026-03-04 14:30. */
export const minute = (at: string): string => at.slice(0, 16).replace("T", " ");

/** The time of day of a DateTime. */
export const clock = (at: string): string => at.slice(11, 16);
