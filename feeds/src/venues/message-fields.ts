/** The text is not a message of its venue, or one of its fields is missing or wrong. */
export class VenueMessageError extends Error {}

/** Price and size of a level, as decimal texts. */
export type TextLevel = readonly [price: string, size: string];

/** What fits into 1e-9 units of 63 bits. */
const DECIMAL = /^\d{1,10}(?:\.\d{1,9}0*)?$/;

/** The engine takes no later time. */
const TIME_MS_END = Date.parse("2100-01-01T00:00:00Z");

/** Fields of a message, each checked when it is read; fails with VenueMessageError. */
export class MessageFields {
  readonly #fields: Record<string, unknown>;

  constructor(fields: object) {
    this.#fields = fields as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  optionalText(name: string): string | undefined {
    const value = this.#fields[name];
    return typeof value === "string" ? value : undefined;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== "string" || value === "") throw new VenueMessageError(`${name} is no text`);
    return value;
  }

  decimal(name: string): string {
    const value = this.#fields[name];
    if (!isDecimal(value)) throw new VenueMessageError(`${name} is no decimal number`);
    return value;
  }

  whole(name: string): number {
    const value = this.#fields[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw new VenueMessageError(`${name} is no whole number`);
    return value as number;
  }

  /** Milliseconds since 1970. One in another unit would lose its upper bits in a record, and pass for a time. */
  timeMs(name: string): number {
    const value = this.whole(name);
    if (value >= TIME_MS_END) throw new VenueMessageError(`${name} is no time in milliseconds`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#fields[name];
    if (typeof value !== "boolean") throw new VenueMessageError(`${name} is neither true nor false`);
    return value;
  }

  levels(name: string): readonly TextLevel[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || !value.every(isLevel))
      throw new VenueMessageError(`${name} is no list of levels of decimal numbers`);
    return value as TextLevel[];
  }

  list(name: string): readonly unknown[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw new VenueMessageError(`${name} is no list`);
    return value;
  }
}

/** The object that a text is. */
export function parseObject(text: string): object {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new VenueMessageError("not JSON", { cause: error });
  }
  if (typeof json !== "object" || json === null) throw new VenueMessageError("not an object");
  return json;
}

function isLevel(value: unknown): boolean {
  return Array.isArray(value) && isDecimal(value[0]) && isDecimal(value[1]);
}

export function isDecimal(value: unknown): value is string {
  return typeof value === "string" && DECIMAL.test(value);
}
