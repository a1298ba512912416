import { aboutOf, type Article } from "../domain/article.ts";
import { fingerprintOf, type Fingerprint, isCopyOf } from "../domain/copy.ts";
import { factsOf, STORY_HOURS_MAX, storyAmong, type Telling } from "../domain/story.ts";
import type { ArticleStore } from "./article-store.ts";
import { commonWords } from "./common-words.ts";

interface Arrived {
  article: Article;
  /** Null: none was made of its text, so nothing is like it. */
  vector: readonly number[] | null;
}

const HOUR_MS = 3_600_000;

/**
 * Says of each article which story it tells: that of an earlier one that is like it, or its own, which then has its id; and of which
 * earlier one it is a copy. In the order of the stream, whatever comes in one batch: built again, the same comes out. It remembers
 * nothing: what came before is in the store.
 */
export class StoryAssigner {
  readonly #store: ArticleStore;

  constructor(store: ArticleStore) {
    this.#store = store;
  }

  async assign(arrived: readonly Arrived[]): Promise<Article[]> {
    const stored = await this.#store.byIds(arrived.map(({ article }) => article.id));
    const alike = await this.#store.alike(arrived.map(({ article, vector }) => ({ vector, ...windowOf(article) })));
    const assigned: Article[] = [];
    for (const [at, { article, vector }] of arrived.entries()) {
      const known = stored[at];
      if (known) {
        // One that is read again stays what it was: what came after it is stored, too.
        assigned.push({ ...article, story: known.story, copyOf: known.copyOf });
        continue;
      }
      const before = assigned
        .flatMap((other, index) => {
          const its = arrived[index]!.vector;
          return vector === null || its === null ? [] : [{ article: other, similarity: dot(vector, its) }];
        })
        .filter(({ article: other }) => other.copyOf === null && isWithin(other, windowOf(article)));
      const earlier = [...alike[at]!, ...before].filter(({ article: other }) => other.id !== article.id);
      assigned.push({ ...article, ...placeAmong(article, earlier) });
    }
    return assigned;
  }
}

/** `earlier`: what is like it, without copies. */
function placeAmong(
  article: Article,
  earlier: readonly { article: Article; similarity: number }[],
): Pick<Article, "story" | "copyOf"> {
  const original = originalOf(article, earlier);
  if (original) return { story: original.story, copyOf: original.id };
  const tellings = earlier.map((each): Telling => ({
    story: each.article.story,
    facts: facts(each.article),
    similarity: each.similarity,
  }));
  return { story: storyAmong(facts(article), tellings) ?? article.id, copyOf: null };
}

/** Of those that it may be a copy of, the one that is most like it. */
function originalOf(
  article: Article,
  earlier: readonly { article: Article; similarity: number }[],
): Article | undefined {
  const own = fingerprint(article);
  return earlier
    .toSorted((left, right) => right.similarity - left.similarity)
    .find(({ article: other }) => isCopyOf(fingerprint(other), own))?.article;
}

function fingerprint({ mentions, ...article }: Article): Fingerprint {
  return fingerprintOf({ ...article, mentioned: mentions.flatMap(({ symbols }) => symbols) }, commonWords());
}

function facts(article: Article): ReadonlySet<string> {
  return factsOf({ ...article, about: aboutOf(article) }, commonWords());
}

function windowOf({ publishedAt }: Article): { from: string; to: string } {
  const at = Date.parse(publishedAt);
  const span = STORY_HOURS_MAX * HOUR_MS;
  return { from: new Date(at - span).toISOString(), to: new Date(at + span).toISOString() };
}

function isWithin({ publishedAt }: Article, { from, to }: { from: string; to: string }): boolean {
  const at = Date.parse(publishedAt);
  return at >= Date.parse(from) && at <= Date.parse(to);
}

/** Both are unit vectors: their cosine similarity. */
function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, place) => sum + value * right[place]!, 0);
}
