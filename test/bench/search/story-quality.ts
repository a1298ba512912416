/** B³ (Bagga and Baldwin, 1998): for each item, how much of what it was put with belongs to it, and how much that belongs is there. */
export function storyQuality(items: readonly { story: string; found: string }[]): {
  precision: number;
  recall: number;
  f1: number;
} {
  const byFound = Map.groupBy(items, ({ found }) => found);
  const byStory = Map.groupBy(items, ({ story }) => story);
  let [precision, recall] = [0, 0];
  for (const { story, found } of items) {
    const both = byFound.get(found)!.filter((other) => other.story === story).length;
    precision += both / byFound.get(found)!.length;
    recall += both / byStory.get(story)!.length;
  }
  precision /= items.length;
  recall /= items.length;
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
}
