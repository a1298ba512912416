import { aboutOf, type Article } from "../domain/article.ts";
import { factsOf, STORY_HOURS_MAX, storyAmong, type Telling } from "../domain/story.ts";
import type { ArticleStore } from "./article-store.ts";
import { commonWords } from "./common-words.ts";

interface Arrived {
  article: Article;
  vector: readonly number[];
}

const HOUR_MS = 3_600_000;

/**
 * Says of each article which story it tells: that of an earlier one that is like it, or its own, which then has its id. In the
 * order of the stream, whatever comes in one batch: built again, the same stories come out.
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
      const before = assigned.map((other, index) => ({
        article: other,
        similarity: dot(vector, arrived[index]!.vector),
      }));
      const { from, to } = windowOf(article);
      const tellings = [...alike[at]!, ...before.filter(({ article: other }) => isWithin(other, from, to))]
        .filter(({ article: other }) => other.id !== article.id)
        .map((each): Telling => ({
          story: each.article.story,
          facts: facts(each.article),
          similarity: each.similarity,
        }));
      // One that is read again stays where it was: what came after it is stored, too.
      const story = stored[at]?.story ?? storyAmong(facts(article), tellings) ?? article.id;
      assigned.push({ ...article, story });
    }
    return assigned;
  }
}

function facts(article: Article): ReadonlySet<string> {
  return factsOf({ ...article, about: aboutOf(article) }, commonWords());
}

function windowOf({ publishedAt }: Article): { from: string; to: string } {
  const at = Date.parse(publishedAt);
  const span = STORY_HOURS_MAX * HOUR_MS;
  return { from: new Date(at - span).toISOString(), to: new Date(at + span).toISOString() };
}

function isWithin({ publishedAt }: Article, from: string, to: string): boolean {
  const at = Date.parse(publishedAt);
  return at >= Date.parse(from) && at <= Date.parse(to);
}

/** Both are unit vectors: their cosine similarity. */
function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, place) => sum + value * right[place]!, 0);
}
