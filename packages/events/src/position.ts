/**
 * Where an event stands in its channel: the same wherever it is read and however often it was sent. `id` is
 * `<sequence>-<ordinal>` for the engine's topics and `<offset>-1` for the others: not `-0`, because the first record's
 * offset is 0 and "0-0" means "before everything" (Redis takes no entry with that id either).
 */
export interface Position {
  epoch: string;
  id: string;
}

const ID = /^(0|[1-9]\d{0,19})-(0|[1-9]\d{0,19})$/;
const NUMBER_MAX = String(2n ** 64n - 1n);

/** Whether the text is an id as Redis takes it and `compareIds` of @mib/stream-window orders it: two numbers of 64 bits without leading zeros. */
export function isPositionId(text: string): boolean {
  const [, ...numbers] = ID.exec(text) ?? [];
  return (
    numbers.length === 2 && numbers.every(({ length }, i) => length < NUMBER_MAX.length || numbers[i]! <= NUMBER_MAX)
  );
}

/** The id of a record whose position is its offset. */
export const idOfOffset = (offset: string): string => `${offset}-1`;
