export interface ChangePoint {
  /** Where the new level begins. */
  from: number;
  rising: boolean;
  sum: number;
}

/**
 * Page's two-sided cumulative sum (Biometrika 41, 1954) over standardised numbers: answers the change that the last of them made
 * certain, or null. After an alarm the sums begin anew. A number counts as at most four, so that an outlier alone is no change.
 */
export function lastChangePoint(
  numbers: readonly number[],
  { slack, threshold }: { slack: number; threshold: number },
): ChangePoint | null {
  let [up, down, upFrom, downFrom] = [0, 0, 0, 0];
  let alarm: ChangePoint | null = null;
  numbers.forEach((given, index) => {
    const number = Math.max(-4, Math.min(4, given));
    alarm = null;
    if (up === 0) upFrom = index;
    if (down === 0) downFrom = index;
    up = Math.max(0, up + number - slack);
    down = Math.max(0, down - number - slack);
    if (up > threshold) alarm = { from: upFrom, rising: true, sum: up };
    else if (down > threshold) alarm = { from: downFrom, rising: false, sum: down };
    if (alarm !== null) up = down = 0;
  });
  return alarm;
}
