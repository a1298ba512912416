const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
/** Clocks differ; beyond that, what is to come would stand above all others for ever. */
const FUTURE_MS_MAX = 5 * 60_000;

export type EventTime = { ok: true; at: string } | { ok: false; reason: string };

/** When something happened, in the one way that events write it: UTC, up to nine digits of a second, none of them zeros at the end. */
export function eventTime(given: unknown, nowMs: number): EventTime {
  const match = typeof given === "string" ? RFC_3339.exec(given) : null;
  if (match === null) return no("is no time of RFC 3339 with its zone, like 2026-03-04T14:30:00Z");
  const [, day = "", time = "", fraction = "", zone = ""] = match;
  const local = Date.parse(`${day}T${time}Z`);
  // Date takes 31 February for a day of March.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== `${day}T${time}`)
    return no("is a day or time that there is not");
  const atMs = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(atMs)) return no("has a zone that there is not");
  if (atMs < 0) return no("is before 1970");
  if (atMs > nowMs + FUTURE_MS_MAX) return no("is in the future");
  const digits = fraction.replace(/0+$/, "");
  return { ok: true, at: `${new Date(atMs).toISOString().slice(0, 19)}${digits === "" ? "" : `.${digits}`}Z` };
}

function no(reason: string): EventTime {
  return { ok: false, reason };
}
