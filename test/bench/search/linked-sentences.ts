import { readFileSync } from "node:fs";
import { INSTRUMENT_CLASS_NAMES } from "@mib/protocol/messages.generated";
import { simulatedUniverse } from "../../../feeds/src/simulator/instruments.ts";
import type { Definition } from "../../../subgraphs/vector-search/src/domain/linking/entity.ts";
import { LISTED_COMPANIES } from "./listed-companies.ts";

/** A sentence, and the instruments that it is about. */
export interface LinkedSentence {
  text: string;
  symbols: string[];
}

export function linkedSentences(): LinkedSentence[] {
  return readFileSync(new URL("linked-sentences.tsv", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [symbols = "", text = ""] = line.split("\t");
      return { text, symbols: symbols.split(" ").filter(Boolean) };
    });
}

/** The instruments that the sentences are about, as the platform defines them. */
export function linkedInstruments(): Definition[] {
  const simulated = simulatedUniverse().instruments.map(({ definition }) => ({
    symbol: definition.symbol,
    name: definition.name,
    venueSymbol: definition.venueSymbol,
    class: INSTRUMENT_CLASS_NAMES[definition.class] as Definition["class"],
  }));
  const listed = LISTED_COMPANIES.map(([symbol, name, kind]) => ({ symbol, name, venueSymbol: symbol, class: kind }));
  return [...simulated, ...listed];
}
