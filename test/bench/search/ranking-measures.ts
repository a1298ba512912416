/** How well a ranking answers a query, from 0 to 1. `judged`: grades of the texts that do, by id. */
export type Measure = (ranking: readonly string[], judged: ReadonlyMap<string, number>) => number;

/** Normalised discounted cumulative gain of the first `depth`: Järvelin and Kekäläinen, ACM TOIS 20 (2002), gains as graded. */
export const ndcgAt =
  (depth: number): Measure =>
  (ranking, judged) => {
    const gain = (grades: readonly number[]) =>
      grades.slice(0, depth).reduce((sum, grade, place) => sum + grade / Math.log2(place + 2), 0);
    const ideal = gain([...judged.values()].toSorted((left, right) => right - left));
    return ideal === 0 ? 0 : gain(ranking.map((id) => judged.get(id) ?? 0)) / ideal;
  };

/** The part of what answers the query that is among the first `depth`. */
export const recallAt =
  (depth: number): Measure =>
  (ranking, judged) =>
    judged.size === 0 ? 0 : ranking.slice(0, depth).filter((id) => judged.has(id)).length / judged.size;
