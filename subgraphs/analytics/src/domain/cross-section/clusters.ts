/**
 * Agglomerative clustering with average linkage (Sokal and Michener, 1958): the two clusters with the highest mean correlation
 * of their members are joined until it is below `least`. An unknown correlation counts as 0. Answers indexes, the largest
 * cluster first. O(n³), so callers bound n.
 */
export function clusters(
  matrix: readonly (readonly (number | null)[])[],
  least: number,
): { members: number[]; cohesion: number | null }[] {
  const groups = matrix.map((_, index) => [index]);
  // Sums of correlations between groups: means of joined groups follow from them.
  const sums = matrix.map((row) => row.map((value) => value ?? 0));
  for (;;) {
    let best = { a: -1, b: -1, mean: least };
    groups.forEach((groupA, a) => {
      for (let b = a + 1; b < groups.length; b++) {
        if (groupA.length === 0 || groups[b]!.length === 0) continue;
        const mean = sums[a]![b]! / (groupA.length * groups[b]!.length);
        if (mean > best.mean) best = { a, b, mean };
      }
    });
    if (best.a < 0) break;
    groups[best.a]!.push(...groups[best.b]!);
    groups[best.b] = [];
    for (let other = 0; other < groups.length; other++) {
      if (other === best.a) continue;
      sums[best.a]![other] = sums[other]![best.a] = sums[best.a]![other]! + sums[best.b]![other]!;
    }
  }
  return groups
    .filter((members) => members.length > 0)
    .map((members) => ({ members: members.sort((a, b) => a - b), cohesion: cohesionOf(matrix, members) }))
    .sort((a, b) => b.members.length - a.members.length || a.members[0]! - b.members[0]!);
}

/** The mean correlation between two members; null where there is only one. */
function cohesionOf(matrix: readonly (readonly (number | null)[])[], members: readonly number[]): number | null {
  let [sum, pairs] = [0, 0];
  members.forEach((a, index) => {
    for (const b of members.slice(index + 1)) {
      sum += matrix[a]![b] ?? 0;
      pairs += 1;
    }
  });
  return pairs === 0 ? null : sum / pairs;
}
