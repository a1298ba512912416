/**
 * Where an event stands in its channel: the same wherever it is read and however often it was sent. `id` is
 * `<sequence>-<ordinal>` for the engine's topics and `<offset>-1` for the others: not `-0`, because the first record's
 * offset is 0 and "0-0" means "before everything" (Redis takes no entry with that id either).
 */
export interface Position {
  epoch: string;
  id: string;
}

const ID = /^(?:0|[1-9]\d{0,19})-(?:0|[1-9]\d{0,19})$/;

/** Whether the text is an id as `compareIds` of @mib/stream-window orders it: two numbers without leading zeros. */
export const isPositionId = (text: string): boolean => ID.test(text);

/** The id of a record whose position is its offset. */
export const idOfOffset = (offset: string): string => `${offset}-1`;
