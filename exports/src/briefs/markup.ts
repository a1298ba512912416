/** Markup that may stand in a page as it is: only `markup` makes it, which escapes whatever it is given as text. */
export class Markup {
  readonly #text: string;

  constructor(by: typeof MAKER, text: string) {
    if (by !== MAKER) throw new Error("only `markup` makes markup");
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What may be put into a template: lists are joined, null and false are nothing. */
export type Part = Markup | string | number | null | undefined | false | readonly Part[];

const MAKER = Symbol("maker");

/**
 * A template of HTML or SVG. What is put into it is text, between tags or in an attribute in double quotes, and can't end either.
 * Nothing may be put into a tag itself, a style or a script.
 */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const text = strings.map((string, at) => (at === 0 ? string : written(parts[at - 1]) + string)).join("");
  return new Markup(MAKER, text);
}

/** Text from elsewhere, whose direction of writing is its own affair. */
export const foreign = (text: string): Markup => markup`<bdi dir="auto">${text}</bdi>`;

/** The same where no element can stand, in a title or a text of SVG. */
export const isolated = (text: string): Markup => markup`&#x2068;${text}&#x2069;`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
/** What begins or ends a direction of writing beyond the text's own characters: it could end the isolation, too. */
const DIRECTION_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g;
const CONTROLS = /(?![\t\n\r])\p{Cc}/gu;

function written(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Markup) return part.toString();
  if (typeof part === "object") return part.map(written).join("");
  return String(part)
    .toWellFormed()
    .replace(DIRECTION_CONTROLS, "")
    .replace(CONTROLS, "\uFFFD")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
