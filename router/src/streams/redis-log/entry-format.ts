import type { LogEntry } from "./log-page.ts";

/** How services name their streams and write their entries. */
export interface EntryFormat {
  keyOf(topic: string, channel: string): string;
  /** The event's JSON text; empty where the entry has none. */
  valueOf(entry: LogEntry): string;
}

/** `key`: a template of `{topic}` and `{channel}`; the topic's only channel, "*", is the topic's name itself. */
export function entryFormat({ key, valueField }: { key: string; valueField: string }): EntryFormat {
  return {
    keyOf: (topic, channel) =>
      channel === "*" ? topic : key.replace(/\{(topic|channel)\}/g, (_, name) => (name === "topic" ? topic : channel)),
    valueOf: (entry) => fieldOf(entry, valueField) ?? "",
  };
}

export function fieldOf({ fields }: LogEntry, name: string): string | null {
  for (let i = 0; i + 1 < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]!;
  return null;
}

/** The year 2001, and a clock that is a day ahead: what else an id begins with is not when Redis made it. */
const TIME_MS_MIN = 1e12;
const AHEAD_MS_MAX = 86_400_000;

/** When Redis took an entry, in ms since 1970: its id says so where Redis has made it. */
export function timeOfId(id: string, nowMs: number): number {
  const timeMs = Number(id.slice(0, id.indexOf("-")));
  return timeMs >= TIME_MS_MIN && timeMs <= nowMs + AHEAD_MS_MAX ? timeMs : nowMs;
}
