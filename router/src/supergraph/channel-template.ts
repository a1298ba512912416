/** A piece of a channel's name: fixed text, or a value of the arguments or of the caller's claims. */
export type ChannelPart = { text: string } | { from: "args" | "claims"; name: string };

const PLACEHOLDER = /\{([^{}]*)\}/g;
const REFERENCE = /^(args|claims)\.([_A-Za-z][_0-9A-Za-z]*)$/;

/** Parses `"{args.symbol}/{args.interval}"`. Throws with a message for the schema's author when it is no template. */
export function parseChannelTemplate(template: string): ChannelPart[] {
  const parts: ChannelPart[] = [];
  let end = 0;
  const addText = (text: string) => {
    if (/[{}]/.test(text)) throw new Error(`channel "${template}" has a brace without its partner`);
    if (text !== "") parts.push({ text });
  };
  for (const match of template.matchAll(PLACEHOLDER)) {
    addText(template.slice(end, match.index));
    const reference = REFERENCE.exec(match[1]!);
    if (!reference)
      throw new Error(`channel "${template}": {${match[1]}} is neither {args.<name>} nor {claims.<name>}`);
    parts.push({ from: reference[1] as "args" | "claims", name: reference[2]! });
    end = match.index + match[0].length;
  }
  addText(template.slice(end));
  if (parts.length === 0) throw new Error("a channel needs a name");
  return parts;
}
