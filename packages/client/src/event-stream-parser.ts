/** One event of a text/event-stream. */
export interface ServerEvent {
  name: string;
  data: string;
}

/** Reads a text/event-stream as it comes, however it is cut into pieces. What is no name and no data is of no interest here. */
export class EventStreamParser {
  readonly #lengthMax: number;
  /** A carriage return at the end of a piece, which may be half of a line break. */
  #held = "";
  #line = "";
  #name = "";
  #data: string[] = [];
  #length = 0;

  /** `lengthMax`: of one event. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /** The events that end in this piece. Throws a RangeError for one that is too long. */
  push(piece: string): ServerEvent[] {
    const text = this.#held + piece;
    this.#held = text.endsWith("\r") ? "\r" : "";
    const lines = text.slice(0, text.length - this.#held.length).split(/\r\n|\n|\r/);
    const events: ServerEvent[] = [];
    for (const [i, part] of lines.entries()) {
      this.#length += part.length;
      if (this.#length > this.#lengthMax) throw new RangeError(`an event is longer than ${this.#lengthMax} characters`);
      this.#line += part;
      if (i === lines.length - 1) break;
      const event = this.#endLine();
      if (event !== null) events.push(event);
    }
    return events;
  }

  #endLine(): ServerEvent | null {
    const line = this.#line;
    this.#line = "";
    if (line === "") return this.#endEvent();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    return null;
  }

  #endEvent(): ServerEvent | null {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const isEvent = this.#data.length > 0;
    this.#name = "";
    this.#data = [];
    this.#length = 0;
    return isEvent ? event : null;
  }
}
