import { CodedError } from "@mib/service/coded-error";
import { decodeCursor, encodeCursor } from "@mib/subgraph-server/connection";
import type { Post } from "./post.ts";

/** Where a post stands among others: the newest first, those of one microsecond by their ids. */
export interface PostPlace {
  atMicros: number;
  id: string;
}

export function placeOf({ at, id }: Pick<Post, "at" | "id">): PostPlace {
  return { atMicros: microsOf(at), id };
}

/** Below zero when the first of the two comes first. */
export function comparePlaces(a: PostPlace, b: PostPlace): number {
  if (a.atMicros !== b.atMicros) return b.atMicros - a.atMicros;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export function cursorOf(post: Post): string {
  const { atMicros, id } = placeOf(post);
  return encodeCursor(atMicros, id);
}

/** Throws BAD_USER_INPUT for what is no cursor of posts. */
export function placeAfter(cursor: string): PostPlace {
  const [atMicros, id] = decodeCursor(cursor, ["number", "string"]);
  if (!Number.isSafeInteger(atMicros))
    throw new CodedError("BAD_USER_INPUT", "after is not a cursor of this list.", { argument: "after" });
  return { atMicros, id };
}

/** Microseconds since 1970: as exact as a store of numbers of 53 bits can order them. */
function microsOf(at: string): number {
  const fraction = /\.(\d{1,9})Z$/.exec(at)?.[1] ?? "";
  return Date.parse(`${at.slice(0, 19)}Z`) * 1_000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}
