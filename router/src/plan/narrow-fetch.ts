import type { FieldNode } from "graphql";
import { selectedFields, type SelectedField } from "./selected-fields.ts";
import { matchesTypeCondition } from "../execute/type-condition.ts";
import type { Guard } from "../shape/collect-fields.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { PlannedFetch, RequiredSelection } from "./fetch-plan.ts";
import type { Need, NeededFields } from "./needed-fields.ts";
import { keepFields } from "./split-fetches.ts";
import { allOf } from "./verify/guards.ts";
import { sentTypeName } from "./verify/required-fields.ts";

/**
 * A fetch of what a subgraph knows as an interface object becomes several, where of some types behind the interface less is
 * needed than of others: Apollo's planner asks for all of it of each, and a null that nobody asked for takes the entity.
 * `typeNames`: of the objects that are sent.
 */
export function narrowFetch(
  supergraph: RouterSupergraph,
  needed: NeededFields,
  fetch: PlannedFetch,
  typeNames: readonly string[],
): readonly PlannedFetch[] {
  const { fullSchema, joinedSchemas } = supergraph;
  const types = joinedSchemas.get(fetch.subgraph)!;
  const sentNames = new Map(typeNames.map((typeName) => [typeName, sentTypeName(fullSchema, fetch, typeName)]));
  const unnamed = typeNames.filter((typeName) => types.get(sentNames.get(typeName)!)?.isInterfaceObject);
  // Which type is behind an interface's own name is not known when the object is sent.
  if (unnamed.length < 2 || unnamed.some((typeName) => sentNames.get(typeName) === typeName)) return [fetch];
  const selected = selectedFields(fetch.selection.selections, "", fetch.conditions);
  const groups = new Map<string, Group>();
  for (const typeName of unnamed) {
    const names = needed.of(fetch.path, typeName);
    const isWanted = ({ node, guard, on }: SelectedField) =>
      matchesTypeCondition(fullSchema, sentNames.get(typeName)!, on) && isNeeded(fetch, node, guard, names);
    const key = selected.map((each) => (isWanted(each) ? "1" : "0")).join("");
    const known = groups.get(key);
    if (known) known.typeNames.push(typeName);
    else groups.set(key, { typeNames: [typeName], wanted: new Set(selected.filter(isWanted).map(({ node }) => node)) });
  }
  if (groups.size < 2) return [fetch];
  const others = typeNames.filter((typeName) => !unnamed.includes(typeName));
  const isOthers = ({ on }: SelectedField) =>
    others.some((typeName) => matchesTypeCondition(fullSchema, sentNames.get(typeName)!, on));
  const ofOthers = { typeNames: others, wanted: new Set(selected.filter(isOthers).map(({ node }) => node)) };
  return [...groups.values(), ofOthers]
    .filter(({ wanted }) => [...wanted].some(({ name }) => name.value !== "__typename"))
    .map((group) => ({
      ...fetch,
      requires: sentOf(supergraph, fetch.requires!, group.typeNames),
      selection: keepFields(fetch.selection, group.wanted),
    }));
}

interface Group {
  typeNames: string[];
  wanted: Set<FieldNode>;
}

function isNeeded(
  { outputRewrites }: PlannedFetch,
  { alias, name }: FieldNode,
  guard: Guard,
  needed: ReadonlyMap<string, readonly Need[]>,
): boolean {
  if (name.value === "__typename") return true;
  const answered = (alias ?? name).value;
  const renamed = outputRewrites.flatMap((each) => (each.kind === "rename" && each.from === answered ? each.to : []));
  const needs = [answered, ...renamed].flatMap((each) => needed.get(each) ?? []);
  return needs.some((need) => allOf([need.guard], [guard]).length > 0);
}

/** What is sent, of some types only. */
function sentOf(
  { fullSchema }: RouterSupergraph,
  requires: readonly RequiredSelection[],
  typeNames: readonly string[],
): RequiredSelection[] {
  return requires.flatMap((required): RequiredSelection[] => {
    if (required.kind === "field") return [required];
    const of = typeNames.filter((typeName) => matchesTypeCondition(fullSchema, typeName, required.on));
    return of.map((typeName) => ({ ...required, on: typeName }));
  });
}
