import { COMPANIES, HAPPENINGS } from "./judged-happenings.ts";
import { DETAILS, filled, numbers } from "./made-stories.ts";

/** One of many: what it says, who published it when, and the instrument it is about. */
export interface MadeArticle {
  id: string;
  title: string;
  /** Of two sentences. */
  summary: readonly [string, string];
  source: string;
  symbol: string;
  publishedAt: string;
}

const SOURCES = ["wire", "gazette", "ledger", "herald", "courier"];
const FIRST_MINUTE = Date.UTC(2024, 0, 1);
const MINUTE_MS = 60_000;
/** So few different sums that most sentences come again: embedding them is what takes long. */
const AMOUNTS = 24;

const companies = Object.entries(COMPANIES).flatMap(([product, names]) => names.map((name) => ({ product, name })));

/**
 * The first so many of an endless row of articles: each company meets each happening in each of its ways, over and over, with other
 * people, places and sums. One comes in five minutes. Always the same, and the beginning of a longer row is the shorter one.
 */
export function* madeArticles(count: number): Generator<MadeArticle> {
  for (let at = 0; at < count; at += 1) {
    const { product, name } = companies[at % companies.length]!;
    const { told } = HAPPENINGS[Math.floor(at / companies.length) % HAPPENINGS.length]!;
    const [way, place, person, amount, details, source] = numbers(`article/${at}`);
    const fill = filled({ product, name, place: place!, person: person!, amount: (amount! % AMOUNTS) * 37 });
    const first = details! % DETAILS.length;
    const second = (first + 1 + (Math.floor(details! / DETAILS.length) % (DETAILS.length - 1))) % DETAILS.length;
    yield {
      id: `made-${at}`,
      title: fill(told[way! % told.length]!),
      summary: [fill(DETAILS[first]!), fill(DETAILS[second]!)],
      source: SOURCES[source! % SOURCES.length]!,
      symbol: name.replaceAll(" ", "").toUpperCase(),
      publishedAt: new Date(FIRST_MINUTE + at * 5 * MINUTE_MS).toISOString(),
    };
  }
}

/** So many different questions about what the articles tell, in other words than theirs; the first ones ask for all companies. */
export function madeQuestions(count: number): string[] {
  const all = HAPPENINGS.flatMap(({ asked }, h) =>
    asked.flatMap((words, way) =>
      companies.map(({ name }, c) => ({ text: `${name}: ${words}`, order: h * 2 + way, c })),
    ),
  );
  // Spread over happenings: neighbours share neither company nor words.
  return all
    .toSorted((left, right) => ((left.order + left.c) % 50) - ((right.order + right.c) % 50))
    .slice(0, count)
    .map(({ text }) => text);
}
