/** The first UTF-16 code units of a text, at most so many, without half of a character at the end. */
export function beginningOf(text: string, unitsMax: number): string {
  const cut = text.slice(0, unitsMax);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}
