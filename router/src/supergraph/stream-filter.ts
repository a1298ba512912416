/** Which events a subscriber gets: a field of the payload beside one argument. A null argument lets every event pass. */
export interface StreamFilter {
  /** The payload's field, from the outside in; a list on the way matches when any of its elements does. */
  path: string[];
  comparison: "in" | "=";
  argument: string;
}

const FILTER =
  /^\s*([_A-Za-z][_0-9A-Za-z]*(?:\.[_A-Za-z][_0-9A-Za-z]*)*)\s*(in\s|=)\s*args\.([_A-Za-z][_0-9A-Za-z]*)\s*$/;

/** Parses `"instrument.symbol in args.symbols"`. Throws with a message for the schema's author when it is no filter. */
export function parseStreamFilter(filter: string): StreamFilter {
  const match = FILTER.exec(filter);
  if (!match) throw new Error(`filter "${filter}" is neither "<field> in args.<name>" nor "<field> = args.<name>"`);
  return { path: match[1]!.split("."), comparison: match[2]!.trim() as "in" | "=", argument: match[3]! };
}
