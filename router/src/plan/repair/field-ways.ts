import { Kind, print, type FieldNode, type SelectionSetNode } from "graphql";
import { matchesTypeCondition } from "../../execute/type-condition.ts";
import type { JoinedSchema } from "../../supergraph/joined-schemas.ts";
import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { RequiredSelection } from "../fetch-plan.ts";
import { readNode, requiredBy } from "./required-selections.ts";

/** A fetch that brings fields of an object from a subgraph that resolves them. */
export interface Step {
  subgraph: string;
  /** What the subgraph calls the object's type. */
  typeName: string;
  /** Without the fragment on the object's type. */
  requires: readonly RequiredSelection[];
  field: FieldNode;
  after: readonly Step[];
}

/** How to come by a field: what the object's own fetch has to select, and which fetches follow. */
export interface Way {
  selected: readonly FieldNode[];
  /** In an order in which each comes after those that it waits for. */
  steps: readonly Step[];
}

/** Ways looked at for one field: past that it is left unrepaired. */
const WAYS_MAX = 500;

/** Finds ways to fields of one kind of object in the answer of a fetch. */
export class FieldWays {
  readonly #supergraph: RouterSupergraph;
  readonly #typeName: string;
  readonly #isSelectable: (field: FieldNode) => boolean;
  #ways = 0;

  /** `isSelectable`: whether the object's own fetch can bring a field. */
  constructor(supergraph: RouterSupergraph, typeName: string, isSelectable: (field: FieldNode) => boolean) {
    this.#supergraph = supergraph;
    this.#typeName = typeName;
    this.#isSelectable = isSelectable;
  }

  /** The way with the fewest fetches; null when there is none. Fields on the trail are what it is for, and cannot be a means. */
  to(field: FieldNode, trail: readonly string[] = []): Way | null {
    const name = field.name.value;
    if (trail.includes(name) || this.#ways++ > WAYS_MAX) return null;
    if (this.#isSelectable(field)) return { selected: [field], steps: [] };
    let best: Way | null = null;
    for (const [subgraph, types] of this.#supergraph.joinedSchemas) {
      for (const typeName of this.#namesIn(types)) {
        const way = this.#through(subgraph, typeName, field, [...trail, name]);
        if (way && (best === null || way.steps.length < best.steps.length)) best = way;
      }
    }
    return best;
  }

  /** What the subgraph may call the object. */
  #namesIn(types: JoinedSchema): string[] {
    return [...types].flatMap(([name, { isInterfaceObject }]) =>
      name === this.#typeName ||
      (isInterfaceObject && matchesTypeCondition(this.#supergraph.fullSchema, this.#typeName, name))
        ? name
        : [],
    );
  }

  #through(subgraph: string, typeName: string, field: FieldNode, trail: readonly string[]): Way | null {
    const type = this.#supergraph.joinedSchemas.get(subgraph)!.get(typeName)!;
    const declared = type.fields.get(field.name.value);
    if (!declared || declared.isExternal) return null;
    let best: Way | null = null;
    for (const key of type.keys) {
      if (!key.isResolvable) continue;
      const fieldSets = declared.requires ? [key.fields, declared.requires] : [key.fields];
      const inputs = this.#toAll(fieldSets, trail);
      if (!inputs || (best !== null && inputs.steps.length + 1 >= best.steps.length)) continue;
      const requires = requiredBy(this.#supergraph, fieldSets, this.#typeName);
      const step: Step = { subgraph, typeName, requires, field, after: inputs.steps };
      best = { selected: inputs.selected, steps: [...inputs.steps, step] };
    }
    return best;
  }

  #toAll(fieldSets: readonly SelectionSetNode[], trail: readonly string[]): Way | null {
    const selected: FieldNode[] = [];
    const steps = new Map<string, Step>();
    for (const input of fieldSets.flatMap((each) => this.#fieldsOf(each))) {
      const way = this.to(input, trail);
      if (!way) return null;
      selected.push(...way.selected);
      for (const step of way.steps)
        steps.set(`${step.subgraph} ${JSON.stringify(step.requires)} ${print(step.field)}`, step);
    }
    return { selected, steps: [...steps.values()] };
  }

  /** As they are selected on an object of the type. */
  #fieldsOf(fieldSet: SelectionSetNode): FieldNode[] {
    return fieldSet.selections.flatMap((selection): FieldNode[] => {
      if (selection.kind === Kind.FIELD) return [readNode(this.#supergraph, selection)];
      if (selection.kind !== Kind.INLINE_FRAGMENT) return [];
      const condition = selection.typeCondition?.name.value ?? "";
      const applies = matchesTypeCondition(this.#supergraph.fullSchema, this.#typeName, condition);
      return applies ? this.#fieldsOf(selection.selectionSet) : [];
    });
  }
}
