import { sentimentAbout } from "@mib/sentiment/sentiment";
import type { Article, ArticleMention } from "./article.ts";

/** How what an article says with a mention sounds for what is mentioned, beside the others that it speaks of. */
export function sentimentOfMention(
  { title, summary, mentions }: Pick<Article, "title" | "summary" | "mentions">,
  mention: ArticleMention,
): number | null {
  const placeOf = ({ part, start, end }: ArticleMention) => {
    const before = part === "TITLE" ? 0 : title.length + 1;
    return { start: before + start, end: before + end };
  };
  const others = mentions.filter(({ symbols }) => symbols.every((symbol) => !mention.symbols.includes(symbol)));
  return sentimentAbout(`${title}\n${summary ?? ""}`, placeOf(mention), others.map(placeOf));
}
