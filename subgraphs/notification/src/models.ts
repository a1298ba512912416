import type { NewsWatch as Watched } from "./domain/news-watch.ts";
import type { Rule } from "./domain/rule.ts";
import type { InboxItem } from "./io/inbox-store.ts";

/** What resolvers pass on for a type, where it is not the GraphQL type itself. */
export interface Instrument {
  symbol: string;
}

export interface NewsArticle {
  id: string;
}

export interface User {
  id: string;
}

export type AlertRule = Rule;
export type NewsWatch = Watched;
export type Notification = InboxItem;
