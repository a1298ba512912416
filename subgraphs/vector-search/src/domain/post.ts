import { beginningOf } from "./beginning.ts";
import type { EntityLinker } from "./linking/entity-linker.ts";

/** A post as it is stored and searched. */
export interface Post {
  id: string;
  /** Where it was posted. */
  source: string;
  author: string | null;
  text: string;
  url: string | null;
  /** RFC 3339, UTC. */
  at: string;
  /** Of the instruments that its source says it is about. */
  symbols: readonly string[];
  /** From -1 to 1; null when nothing in the text says. */
  sentiment: number | null;
}

/** The value of a record of social.posts.v1. */
export interface PostEvent {
  id: string;
  source: string;
  author?: string | null;
  text: string;
  url?: string | null;
  at: string;
  instruments: readonly { symbol: string }[];
}

const EMBEDDED_CHARACTERS_MAX = 1_000;
const LINKED_CHARACTERS_MAX = 4_000;

/** What of a post is searched by meaning: its beginning. */
export function embeddedPost({ text }: Pick<Post, "text">): string {
  return beginningOf(text, EMBEDDED_CHARACTERS_MAX);
}

/** The instruments that the beginning of a post's text speaks of. */
export function mentionedIn({ text }: Pick<Post, "text">, linker: EntityLinker): string[] {
  return [...new Set(linker.mentions(text.slice(0, LINKED_CHARACTERS_MAX)).flatMap(({ symbols }) => symbols))];
}

export function postOf(event: PostEvent, sentiment: number | null): Post {
  return {
    id: event.id,
    source: event.source,
    author: event.author ?? null,
    text: event.text,
    url: event.url ?? null,
    at: event.at,
    symbols: [...new Set(event.instruments.map(({ symbol }) => symbol))],
    sentiment,
  };
}
