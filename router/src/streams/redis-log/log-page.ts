import { compareIds, FIRST_ID, idBelow } from "@mib/stream-window/layout";

/** An entry of a Redis stream: its fields and values in turns. */
export interface LogEntry {
  id: string;
  fields: readonly string[];
}

/** A Redis stream as it stood when it was read: what XINFO STREAM says. */
export interface LogState {
  length: number;
  firstId: string | null;
  /** The greatest id that it ever had. */
  lastId: string;
  /** The greatest id that was deleted by itself (XDEL); "0-0": none was. */
  deletedId: string;
  /** How many entries it ever had, those included that were trimmed or deleted. */
  added: number;
  last: LogEntry | null;
}

/** What a stream has from an id on, as of one moment. */
export interface LogPage {
  /** Null where there is no such stream. */
  state: LogState | null;
  /** In order; the first may be the one that has the id. */
  entries: readonly LogEntry[];
  /** Whether there may be more than were read. */
  isCut: boolean;
}

/** Where an event stands in a stream. */
export interface LogPlace {
  id: string;
  /** How many entries the stream had had with this one; null where that is not known. */
  count: number | null;
  /** Nothing before it is asked for, and the stream need never have had it. */
  isFloor?: boolean;
}

export interface CountedEntry extends LogEntry {
  /** How many entries the stream had had with this one; NaN where that is not known. */
  count: number;
}

/** What follows a place; `isComplete`: nothing is missing between it and the first entry, or after it when there is none. */
export interface Following {
  entries: readonly CountedEntry[];
  isComplete: boolean;
}

/**
 * What follows a place in the page that was read from its id on; "OTHER_HISTORY" where the stream that was read never had
 * the place: it was deleted, or what it had is lost.
 *
 * Ids alone do not tell. A stream counts all that was ever added to it, so an entry is known by its id and its number: in the
 * same history, what was added less what follows a place is the place's own number; more, if something between is trimmed or
 * deleted; and never less.
 */
export function followPlace(place: LogPlace, { state, entries, isCut }: LogPage): Following | "OTHER_HISTORY" {
  const { id, count, isFloor = false } = place;
  if (state === null) return isFloor || id === FIRST_ID ? { entries: [], isComplete: true } : "OTHER_HISTORY";
  const isThere = entries[0]?.id === id;
  const after = isThere ? entries.slice(1) : entries;
  const isBeforeAll = state.firstId === null || compareIds(id, state.firstId) < 0;
  const following = isCut ? (isBeforeAll ? state.length : null) : after.length;
  const before = following === null ? null : state.added - following;
  const isHoled = compareIds(state.deletedId, id) > 0;
  if (isFloor) return { entries: counted(after, before), isComplete: !isHoled };
  if (compareIds(id, state.lastId) > 0) return "OTHER_HISTORY";

  // An id that is just below one of an entry stands for "what is before that entry".
  const isKnown = isThere || isBeforeAll || (after[0] !== undefined && idBelow(after[0].id) === id);
  if (!isKnown && compareIds(state.deletedId, id) < 0) return "OTHER_HISTORY";
  if (count !== null) {
    if (count > (before ?? state.added - after.length)) return "OTHER_HISTORY";
    if (before !== null && before > count && !isBeforeAll && !isHoled) return "OTHER_HISTORY";
    const trimmed = state.added - state.length;
    if (before === null && state.deletedId === FIRST_ID && count <= trimmed) return "OTHER_HISTORY";
  }
  if (isHoled) return upToHole(after, { id: state.deletedId, count: isBeforeAll ? null : count, before });
  const isComplete = before !== null && count !== null ? before === count : !isBeforeAll;
  return { entries: counted(after, before ?? (isComplete ? count : null)), isComplete };
}

/**
 * Where entries were deleted by themselves, only the last such place is known: up to there entries follow a place as far as
 * anybody knows, and what is missing is told before the first one behind it.
 */
function upToHole(
  after: readonly LogEntry[],
  { id, count, before }: { id: string; count: number | null; before: number | null },
): Following {
  const end = after.findIndex((entry) => compareIds(entry.id, id) > 0);
  const some = end < 0 ? after : after.slice(0, end);
  if (some.length > 0) return { entries: counted(some, count), isComplete: count !== null };
  return { entries: counted(after, before), isComplete: false };
}

/** `before`: how many the stream had had before the first of them. */
function counted(entries: readonly LogEntry[], before: number | null): CountedEntry[] {
  return entries.map((entry, i) => ({ ...entry, count: (before ?? Number.NaN) + i + 1 }));
}
