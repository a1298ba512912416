import { articleText, HeardText, type TextPlace } from "@mib/sentiment/sentiment";
import type { Article, ArticleMention } from "./article.ts";

/**
 * How what an article says with a mention sounds for what is mentioned, beside the others that it speaks of. The text is read
 * when the first mention is asked for, and then no more.
 */
export function sentimentsOfMentions({
  title,
  summary,
  mentions,
}: Pick<Article, "title" | "summary" | "mentions">): (mention: ArticleMention) => number | null {
  let heard: HeardText | null = null;
  const othersOf = new Map<string, TextPlace[]>();
  const placeOf = ({ part, start, end }: ArticleMention) => {
    const before = part === "TITLE" ? 0 : title.length + 1;
    return { start: before + start, end: before + end };
  };
  return (mention) => {
    heard ??= new HeardText(articleText({ title, summary }));
    const key = mention.symbols.join(" ");
    let others = othersOf.get(key);
    if (others === undefined) {
      const own = new Set(mention.symbols);
      others = mentions.filter(({ symbols }) => symbols.every((symbol) => !own.has(symbol))).map(placeOf);
      othersOf.set(key, others);
    }
    return heard.about(placeOf(mention), others);
  };
}
