import { searchRequest, type SearchFilter } from "./search-request.ts";

interface StoriesArguments {
  symbols?: readonly string[] | null | undefined;
  sources?: readonly string[] | null | undefined;
  from?: string | null | undefined;
  to?: string | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}

/** A page of stories within the bounds of a search. Throws a coded error that names the argument which is out of bounds. */
export function storiesRequest(asked: StoriesArguments): { filter: SearchFilter; first: number; offset: number } {
  const { filter, first, offset } = searchRequest({ ...asked, query: "stories" });
  return { filter, first, offset };
}
