import { createHash } from "node:crypto";

export const NEWS_TOPIC = "news.articles.v1";

/** An article as `news.articles.v1` carries it. */
export interface Article {
  id: string;
  title: string;
  summary: string | null;
  url: string | null;
  source: string;
  /** RFC 3339. */
  publishedAt: string;
  instruments: { symbol: string }[];
}

const TRACKING = /^(utm_|fbclid$|gclid$|mc_|ref$)/;

/** The same article found twice gets the same id: it comes of link and text, without what differs between two finds of one. */
export function articleId({ url, title, summary }: Pick<Article, "url" | "title" | "summary">): string {
  const text = `${title}\n${summary ?? ""}`.normalize("NFKC").replace(/\s+/g, " ").trim();
  return createHash("sha256")
    .update(`${url === null ? "" : normalizedLink(url)}\n${text}`)
    .digest("hex")
    .slice(0, 32);
}

/** A link without fragment, tracking parameters, default port, `www.`, or slash at the end; parameters in order. */
export function normalizedLink(link: string): string {
  if (!URL.canParse(link)) return link.trim();
  const url = new URL(link);
  const parameters = [...url.searchParams]
    .filter(([name]) => !TRACKING.test(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const query = new URLSearchParams(parameters).toString();
  const path = withoutSlashesAtItsEnd(url.pathname);
  return `${url.protocol.replace("http:", "https:")}//${url.host.replace(/^www\./, "")}${path}${query === "" ? "" : `?${query}`}`;
}

/** An expression would try the end of the text for each slash of a path that is made of them. */
function withoutSlashesAtItsEnd(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}
