import { matchesTypeCondition } from "../execute/type-condition.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { RequiredSelection } from "./fetch-plan.ts";

/** What a fetch sends, of objects of some types only. */
export function sendTypes(
  { fullSchema }: Pick<RouterSupergraph, "fullSchema">,
  requires: readonly RequiredSelection[],
  typeNames: readonly string[],
): RequiredSelection[] {
  return requires.flatMap((required): RequiredSelection[] => {
    if (required.kind === "field") return [required];
    const of = typeNames.filter((typeName) => matchesTypeCondition(fullSchema, typeName, required.on));
    return of.map((typeName) => ({ ...required, on: typeName }));
  });
}
