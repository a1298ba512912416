import { isAbstractType } from "graphql";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { PlannedFetch } from "../fetch-plan.ts";
import { hasResolvableKey } from "../verify/check-inputs.ts";

/**
 * What is sent of all types of an interface is sent of those only that have a key with it: Apollo's planner asks for what a
 * field of an interface object requires on the interface, and for keys on the types of which the field was asked.
 */
export function sendKeyed(supergraph: RouterSupergraph, fetch: PlannedFetch): PlannedFetch {
  if (!fetch.requires) return fetch;
  const { fullSchema } = supergraph;
  const requires = fetch.requires.flatMap((required) => {
    const type = required.kind === "fragment" ? fullSchema.getType(required.on) : undefined;
    if (!isAbstractType(type)) return [required];
    const types = fullSchema.getPossibleTypes(type);
    const keyed = types.filter(({ name }) => hasResolvableKey(supergraph, fetch, name));
    return keyed.length === types.length ? [required] : keyed.map(({ name }) => ({ ...required, on: name }));
  });
  return { ...fetch, requires };
}
