const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", "#39": "'" };

/**
 * Without tags, entities and control characters (PostgreSQL holds no U+0000): feeds put HTML into their texts, often escaped
 * once more. Takes the time of the text's length, whatever is in it: an expression that looks for the end of each tag would read
 * to the end of the text for each.
 */
export function plainText(html: string): string {
  return withoutTags(withoutScripts(html))
    .replace(/&(#39|[a-z]+);/gi, (whole, name: string) => ENTITIES[name.toLowerCase()] ?? whole)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
}

/** At most so many characters, none of which is half of one. */
export function clipped(text: string, lengthMax: number): string {
  const cut = text.slice(0, lengthMax);
  return /[\uD800-\uDBFF]$/.test(cut.slice(-1)) ? cut.slice(0, -1) : cut;
}

function withoutScripts(html: string): string {
  const tagEnd = nextOf(html, />/g);
  const closing = { script: nextOf(html, /<\/script>/gi), style: nextOf(html, /<\/style>/gi) };
  let text = "";
  let at = 0;
  for (const { index, 1: name } of html.matchAll(/<(script|style)/gi)) {
    if (index < at) continue;
    const element = name!.toLowerCase() as keyof typeof closing;
    const end = closing[element](tagEnd(index));
    if (end === Infinity) continue;
    text += `${html.slice(at, index)} `;
    at = end + `</${element}>`.length;
  }
  return text + html.slice(at);
}

function withoutTags(html: string): string {
  const tagEnd = nextOf(html, />/g);
  let text = "";
  let at = 0;
  for (const { index } of html.matchAll(/</g)) {
    if (index < at) continue;
    const end = tagEnd(index);
    if (end === Infinity) break;
    text += `${html.slice(at, index)} `;
    at = end + 1;
  }
  return text + html.slice(at);
}

/** Where the pattern is found next, at or after a place; places must not go back. Infinity: nowhere. */
function nextOf(text: string, pattern: RegExp): (from: number) => number {
  let found = -1;
  return (from) => {
    if (found >= from) return found;
    pattern.lastIndex = from;
    return (found = pattern.exec(text)?.index ?? Infinity);
  };
}
