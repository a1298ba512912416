import { GraphQLError, GraphQLScalarType, Kind } from "graphql";

const DECIMAL = /^(-?)0*(\d+)(?:\.(\d*?)0*)?$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** The one way to write a number: no leading or trailing zeros, no exponent, no negative zero. Null when it is none. */
export function canonicalDecimal(text: string): string | null {
  const match = DECIMAL.exec(text);
  if (!match || text.length > 64) return null;
  const [, sign, whole = "0", fraction = ""] = match;
  const digits = fraction === "" ? whole : `${whole}.${fraction}`;
  return digits === "0" ? "0" : `${sign}${digits}`;
}

/** The one way to write a time: UTC with Z, up to nine digits of a second, without trailing zeros. Null when it is none. */
export function canonicalDateTime(text: string): string | null {
  const match = DATE_TIME.exec(text);
  if (!match) return null;
  const [, date, time, fraction = "", offset = "Z"] = match;
  // The whole seconds go through Date, which knows calendars and offsets; the fraction is kept to its last digit.
  const instant = new Date(`${date}T${time}${offset.toUpperCase()}`);
  if (Number.isNaN(instant.getTime()) || !isSameDate(`${date}T${time}`)) return null;
  const digits = fraction.replace(/0+$/, "");
  const written = instant.toISOString();
  // An offset can lead out of the years that RFC 3339 has, which Date writes with a sign and six digits.
  if (written.length > "2024-08-08T12:00:00.000Z".length) return null;
  return `${written.slice(0, 19)}${digits === "" ? "" : `.${digits}`}Z`;
}

/** A day of UTC, which has only one way to be written. Null when it is none. */
export function canonicalDate(text: string): string | null {
  if (!DATE.test(text)) return null;
  const start = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(start.getTime()) && isSameDate(`${text}T00:00:00`) ? text : null;
}

/** Date rolls 31 February over into March; such a date is refused instead. */
function isSameDate(local: string): boolean {
  return new Date(`${local}Z`).toISOString().startsWith(local);
}

function scalar(name: string, canonical: (text: string) => string | null, example: string): GraphQLScalarType {
  const parse = (text: string): string => {
    const value = canonical(text);
    if (value === null)
      throw new GraphQLError(`${JSON.stringify(text.slice(0, 64))} is no ${name}; write it like ${example}.`);
    return value;
  };
  return new GraphQLScalarType<string, string>({
    name,
    serialize(value) {
      const text = value instanceof Date ? value.toISOString() : String(value);
      const written = canonical(text);
      if (written === null) throw new Error(`${text} is no ${name}`);
      return written;
    },
    parseValue(value) {
      if (typeof value !== "string") throw new GraphQLError(`A ${name} is a string like ${example}.`);
      return parse(value);
    },
    parseLiteral(node) {
      if (node.kind !== Kind.STRING) throw new GraphQLError(`A ${name} is a string like ${example}.`, { nodes: node });
      return parse(node.value);
    },
  });
}

export const Decimal = scalar("Decimal", canonicalDecimal, `"64250.1"`);
export const Day = scalar("Date", canonicalDate, `"2024-08-08"`);
export const DateTime = scalar("DateTime", canonicalDateTime, `"2024-08-08T12:00:00Z"`);
