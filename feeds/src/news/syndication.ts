import { XMLParser } from "fast-xml-parser";
import { clipped, plainText } from "./plain-text.ts";

/** An item of an RSS or an entry of an Atom document, as far as an article needs it. */
export interface SyndicatedItem {
  title: string;
  /** Text without markup. */
  summary: string | null;
  url: string | null;
  /** RFC 3339; null when the document does not say or says it wrongly. */
  publishedAt: string | null;
}

/** The text is neither RSS 2.0, RSS 1.0 nor Atom. */
export class SyndicationError extends Error {}

export interface Syndication {
  title: string | null;
  items: SyndicatedItem[];
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  // Spaces around CDATA are spaces between words.
  trimValues: false,
  htmlEntities: true,
});

const DOCTYPE = /<!DOCTYPE/gi;
/** One that defines nothing by itself. What is bounded keeps a hostile document from being read again and again. */
const PLAIN_DOCTYPE = /<!DOCTYPE(?:[^>["']|"[^"]*"|'[^']*'){1,500}>/iy;
const TITLE_MAX = 500;
const SUMMARY_MAX = 4_000;
const SOURCE_MAX = 200;
const URL_MAX = 2_048;
/** Later, RFC 3339 has no year for it. */
const TIME_MS_MAX = Date.parse("9999-12-31T23:59:59Z");

/** Reads a document of RSS (rssboard.org/rss-specification) or Atom (RFC 4287). Items without a title are left out. */
export function parseSyndication(text: string): Syndication {
  // Entities of the document's own are how a small document becomes a large one, and no feed needs them.
  if (definesEntities(text)) throw new SyndicationError("a document that defines entities");
  let document: any;
  try {
    document = parser.parse(text, true);
  } catch (error) {
    throw new SyndicationError(`not XML: ${(error as Error).message}`, { cause: error });
  }
  const channel = document?.rss?.channel ?? document?.RDF?.channel;
  if (channel !== undefined) {
    const items = listOf(channel.item ?? document.RDF?.item);
    return { title: titleOf(channel), items: items.flatMap((item) => rssItem(item) ?? []) };
  }
  if (document?.feed !== undefined) {
    const { feed } = document;
    return { title: titleOf(feed), items: listOf(feed.entry).flatMap((entry) => atomEntry(entry) ?? []) };
  }
  throw new SyndicationError("neither RSS nor Atom");
}

function definesEntities(text: string): boolean {
  for (const { index } of text.matchAll(DOCTYPE)) {
    PLAIN_DOCTYPE.lastIndex = index;
    if (!PLAIN_DOCTYPE.test(text)) return true;
  }
  return false;
}

function rssItem(item: any): SyndicatedItem | null {
  return itemOf({
    title: textOf(item.title),
    summary: textOf(item.description),
    url: textOf(item.link) ?? (item.guid?.["@isPermaLink"] === "false" ? null : textOf(item.guid)),
    at: textOf(item.pubDate) ?? textOf(item.date),
  });
}

function atomEntry(entry: any): SyndicatedItem | null {
  const links = listOf(entry.link);
  const link = links.find((each) => each?.["@rel"] === undefined || each["@rel"] === "alternate") ?? links[0];
  return itemOf({
    title: textOf(entry.title),
    summary: textOf(entry.summary) ?? textOf(entry.content),
    url: typeof link?.["@href"] === "string" ? link["@href"] : null,
    at: textOf(entry.published) ?? textOf(entry.updated),
  });
}

function itemOf(item: Record<"title" | "summary" | "url" | "at", string | null>): SyndicatedItem | null {
  const title = clipped(plainText(item.title ?? ""), TITLE_MAX);
  if (title === "") return null;
  const summary = clipped(plainText(item.summary ?? ""), SUMMARY_MAX);
  const at = Date.parse(item.at ?? "");
  return {
    title,
    summary: summary === "" ? null : summary,
    url: item.url !== null && isLink(item.url) ? item.url : null,
    publishedAt: at > 0 && at <= TIME_MS_MAX ? new Date(at).toISOString().replace(/\.?0*Z$/, "Z") : null,
  };
}

function isLink(text: string): boolean {
  return text.length <= URL_MAX && /^https?:/i.test(text) && URL.canParse(text);
}

function titleOf(channel: any): string | null {
  return clipped(plainText(textOf(channel.title) ?? ""), SOURCE_MAX) || null;
}

/** The text of an element, whether or not it has attributes. */
function textOf(value: unknown): string | null {
  if (typeof value === "string") return value.trim() || null;
  if (Array.isArray(value)) return textOf(value[0]);
  if (typeof value === "object" && value !== null && "#text" in value) return textOf(value["#text"]);
  return null;
}

function listOf(value: unknown): any[] {
  return value === undefined || typeof value === "string" ? [] : Array.isArray(value) ? value : [value];
}
