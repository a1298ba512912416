/** The path of the objects so many above those at a path. */
export function pathAbove(path: readonly string[], up: number): readonly string[] {
  const ends = [0];
  path.forEach((step, index) => {
    if (step === "@") ends[ends.length - 1] = index + 1;
    else ends.push(index + 1);
  });
  return path.slice(0, ends.at(-1 - up) ?? 0);
}
