/** How well things are put into classes. */
export interface ClassificationQuality {
  accuracy: number;
  /** The mean of the classes' F1: a class counts as much as any other, however few are in it. */
  macroF1: number;
}

export function classificationQuality<Class>(pairs: readonly { label: Class; found: Class }[]): ClassificationQuality {
  const classes = [...new Set(pairs.map(({ label }) => label))];
  const f1 = classes.map((each) => {
    const right = pairs.filter(({ label, found }) => label === each && found === each).length;
    const wanted = pairs.filter(({ label }) => label === each).length;
    const made = pairs.filter(({ found }) => found === each).length;
    return (2 * right) / (wanted + made);
  });
  return {
    accuracy: pairs.filter(({ label, found }) => label === found).length / pairs.length,
    macroF1: f1.reduce((sum, value) => sum + value, 0) / classes.length,
  };
}
