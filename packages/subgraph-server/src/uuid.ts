const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The one way to write a UUID, in lower case, as PostgreSQL gives it back; null for what is none. Look-ups take this and not
 * the column as text: that would read the whole table, and would not find the same id in capitals.
 */
export function canonicalUuid(text: string): string | null {
  return UUID.test(text) ? text.toLowerCase() : null;
}

/** Those of the texts that are UUIDs, in their one way to be written: the others can be the id of nothing. */
export function canonicalUuids(texts: readonly string[]): string[] {
  return texts.map(canonicalUuid).filter((uuid) => uuid !== null);
}
