import type { Source } from "./answers.ts";
import { foreign, isolated, markup, type Part } from "./markup.ts";
import { minute } from "./format.ts";
import { CONTENT_POLICY, STYLE } from "./style.ts";

/** What made a page: as in the other files of exports. */
export interface Facts {
  query: string;
  variables: string;
  exportedAt: string;
}

/** A whole document. `title` may have foreign text in it. */
export function page(
  { title, lead, facts, sources }: { title: string; lead: Part; facts: Facts; sources: readonly Source[] },
  ...sections: Part[]
): string {
  const prices = [...new Set(sources)].join(", ") || "none are shown";
  const made = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${CONTENT_POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${isolated(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${foreign(title)}</h1>${lead}</header>
<main>${sections}</main>
<footer><details><summary>What made this page</summary><p>Exported ${minute(facts.exportedAt)} UTC. Prices: ${prices}. The query, which can be asked again:</p><pre>${facts.query}</pre><p>Variables:</p><pre>${facts.variables}</pre></details></footer>
</body>
</html>
`;
  return made.toString();
}
