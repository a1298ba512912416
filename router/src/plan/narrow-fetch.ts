import { isAbstractType, print, type FieldNode } from "graphql";
import { matchesTypeCondition } from "../execute/type-condition.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { PlannedFetch } from "./fetch-plan.ts";
import type { Need, NeededFields } from "./needed-fields.ts";
import { contextsIn } from "./repair/split-contexts.ts";
import { sendTypes } from "./send-types.ts";
import { selectedFields, type SelectedField } from "./selected-fields.ts";
import { keepFields } from "./split-fetches.ts";
import { allOf, isImplied } from "./verify/guards.ts";
import { sentTypeName } from "./verify/required-fields.ts";
import type { SentTypes } from "./verify/verify-plan.ts";

/**
 * An entity fetch becomes several, where of some types less is needed than of others, or not at once. Apollo's planner asks a
 * subgraph that knows an interface as an object for all of it of every type, and for what is deferred along with the type of
 * an object that another subgraph knows as an interface only; a null that nobody asked for takes the entity, and one that is
 * deferred what comes before it.
 */
export function narrowFetch(
  supergraph: RouterSupergraph,
  needed: NeededFields,
  fetch: PlannedFetch,
  sentTypes: SentTypes,
): readonly PlannedFetch[] {
  if (fetch.requires === null || !sentTypes.get(fetch.id)?.length) return [fetch];
  const narrowing = new Narrowing(supergraph, needed, fetch, sentTypes);
  if (!needed.isInParts() && !narrowing.hasInterfaceObjects()) return [fetch];
  return narrowing.fetches();
}

/** A part of the answer: the label of its `@defer`; null for the part that the fetch is for. */
type Part = string | null;

/** The parts that the fields of one type's objects are wanted for; only those that are selected on the type. */
type Wanted = ReadonlyMap<SelectedField, ReadonlySet<Part>>;

class Narrowing {
  readonly #supergraph: RouterSupergraph;
  readonly #needed: NeededFields;
  readonly #fetch: PlannedFetch;
  readonly #sentTypes: SentTypes;
  readonly #typeNames: readonly string[];
  readonly #selected: readonly SelectedField[];
  /** Those whose objects the subgraph knows as an interface only. */
  readonly #unnamed: ReadonlySet<string>;
  /** Whether it is known of every object that is sent which type it is of. */
  readonly #isTold: boolean;

  constructor(supergraph: RouterSupergraph, needed: NeededFields, fetch: PlannedFetch, sentTypes: SentTypes) {
    this.#supergraph = supergraph;
    this.#needed = needed;
    this.#fetch = fetch;
    this.#sentTypes = sentTypes;
    this.#typeNames = sentTypes.get(fetch.id)!;
    this.#selected = selectedFields(fetch.selection.selections, "", fetch.conditions);
    const types = supergraph.joinedSchemas.get(fetch.subgraph)!;
    const isUnnamed = (typeName: string) => types.get(this.#sentName(typeName))?.isInterfaceObject === true;
    this.#unnamed = new Set(this.#typeNames.filter(isUnnamed));
    this.#isTold = !this.#typeNames.some((typeName) => isAbstractType(supergraph.fullSchema.getType(typeName)));
  }

  hasInterfaceObjects(): boolean {
    return this.#unnamed.size > 1;
  }

  fetches(): readonly PlannedFetch[] {
    const wanted = new Map(this.#typeNames.map((typeName) => [typeName, this.#wantedOf(typeName)]));
    const parts = new Set([...wanted.values()].flatMap((fields) => [...fields.values()].flatMap((each) => [...each])));
    const fetches = [null, ...[...parts].filter((part) => part !== null)].flatMap((part) =>
      this.#groupsFor(part, wanted).map((group) => this.#fetchFor(part, group, wanted)),
    );
    return fetches.length === 0 || (fetches.length === 1 && fetches[0] === this.#fetch) ? [this.#fetch] : fetches;
  }

  #wantedOf(typeName: string): Wanted {
    const sentName = this.#sentName(typeName);
    const { fullSchema } = this.#supergraph;
    const wanted = new Map<SelectedField, ReadonlySet<Part>>();
    for (const field of this.#selected) {
      const isMeant =
        matchesTypeCondition(fullSchema, sentName, field.on) || this.#typesBehind(typeName, field.on).length > 0;
      if (isMeant) wanted.set(field, this.#partsFor(field, typeName));
    }
    return wanted;
  }

  /** The parts that need a field of a type's objects. */
  #partsFor(field: SelectedField, typeName: string): ReadonlySet<Part> {
    const needs = this.#needsOf(field, typeName);
    if (needs.length === 0) {
      const isDropped = this.#isTold && this.#unnamed.has(typeName) && this.#isNeededElsewhere(field, typeName);
      return new Set(isDropped ? [] : [null]);
    }
    const labels = needs.map(({ deferredTo }) => deferredTo);
    const parts = [...this.#needed.partsAfter(this.#fetch.deferredTo ?? null, labels)];
    return new Set(parts.filter((part) => part === null || !this.#isBroughtFor(part, field, typeName)));
  }

  /** Whether the planner made a fetch for that part that brings the same anyway. */
  #isBroughtFor(part: string, { node, guard }: SelectedField, typeName: string): boolean {
    const { subgraph, path } = this.#fetch;
    return this.#needed.fetches.some(
      (other) =>
        other.deferredTo === part &&
        other.subgraph === subgraph &&
        other.path.join() === path.join() &&
        this.#sentTypes.get(other.id)!.includes(typeName) &&
        selectedFields(other.selection.selections, "", other.conditions).some(
          (field) =>
            print(field.node) === print(node) &&
            isImplied(guard, [field.guard]) &&
            this.#typesBehind(typeName, field.on).length > 0,
        ),
    );
  }

  #isNeededElsewhere(field: SelectedField, typeName: string): boolean {
    return this.#typeNames.some((other) => other !== typeName && this.#needsOf(field, other).length > 0);
  }

  #needsOf({ node, on, guard }: SelectedField, typeName: string): readonly Pick<Need, "deferredTo">[] {
    const { path, outputRewrites } = this.#fetch;
    // Which parts of an object will come has to be known with the object.
    if (node.name.value === "__typename") return this.#needed.objectsAt(path);
    const answered = (node.alias ?? node.name).value;
    const renamed = outputRewrites.flatMap((each) => (each.kind === "rename" && each.from === answered ? each.to : []));
    return this.#typesBehind(typeName, on)
      .flatMap((each) => [answered, ...renamed].flatMap((name) => this.#needed.of(path, each).get(name) ?? []))
      .filter((need) => allOf([need.guard], [guard]).length > 0);
  }

  /** The object types of an object that passes for a type, as far as a condition holds for them. */
  #typesBehind(typeName: string, condition: string): string[] {
    const { fullSchema } = this.#supergraph;
    const type = fullSchema.getType(typeName);
    const names = isAbstractType(type) ? fullSchema.getPossibleTypes(type).map(({ name }) => name) : [typeName];
    return names.filter((name) => matchesTypeCondition(fullSchema, name, condition));
  }

  /** The types of which something is wanted for a part, those of which the same is together. */
  #groupsFor(part: Part, wanted: ReadonlyMap<string, Wanted>): string[][] {
    const groups: string[][] = [];
    for (const [typeName, fields] of wanted) {
      const isWanted = [...fields].some(([field, parts]) => parts.has(part) && this.#isWorthAFetch(field, typeName));
      if (!isWanted) continue;
      const isAlike = (other: string) =>
        [...fields].every(([field, parts]) => {
          const others = wanted.get(other)!.get(field);
          return others === undefined || others.has(part) === parts.has(part);
        });
      const group = this.#isTold ? groups.find((each) => each.every(isAlike)) : groups[0];
      if (group) group.push(typeName);
      else groups.push([typeName]);
    }
    return groups;
  }

  /** A subgraph that knows an interface as an object tells no types. */
  #isWorthAFetch({ node }: SelectedField, typeName: string): boolean {
    return node.name.value !== "__typename" || !this.#unnamed.has(typeName);
  }

  #fetchFor(part: Part, typeNames: readonly string[], wanted: ReadonlyMap<string, Wanted>): PlannedFetch {
    const isWanted = (field: SelectedField) =>
      typeNames.some((typeName) => wanted.get(typeName)!.get(field)?.has(part) === true);
    const kept = new Set<FieldNode>(this.#selected.filter(isWanted).map(({ node }) => node));
    const isOfAll = typeNames.length === this.#typeNames.length;
    if (part === null && isOfAll && kept.size === this.#selected.length) return this.#fetch;
    const { requires, contexts } = this.#fetch;
    const selection = keepFields(this.#fetch.selection, kept);
    return {
      ...this.#fetch,
      contexts: contextsIn(selection, contexts),
      ...(part !== null && { deferredTo: part }),
      requires: isOfAll ? requires : sendTypes(this.#supergraph, requires!, typeNames),
      selection,
    };
  }

  #sentName(typeName: string): string {
    return sentTypeName(this.#supergraph.fullSchema, this.#fetch, typeName);
  }
}
