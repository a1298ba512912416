import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { Guard } from "../../shape/collect-fields.ts";
import type { PlannedFetch, RequiredSelection } from "../fetch-plan.ts";
import type { FetchedData, Position } from "./fetched-data.ts";
import { contextGuards, type AskedFetch } from "./context-arguments.ts";
import { allOf } from "./guards.ts";
import { hasFields, isReadOf } from "./has-fields.ts";
import { requiredFields, sends, sentTypeName } from "./required-fields.ts";
import { unresolvable } from "./unresolvable.ts";

/**
 * When an entity fetch gets the objects of each type, as far as the fetches `before` it bring what their representations
 * are made of. Throws when something else would be sent in its place, or nothing by which the subgraph can tell the entity.
 */
export function sentUnder(supergraph: RouterSupergraph, data: FetchedData, asked: AskedFetch): Map<string, Guard[]> {
  const { fetch, before } = asked;
  const sent = new Map<string, Guard[]>();
  if (fetch.requires === null) return sent;
  const ways =
    fetch.contexts.length > 0
      ? data.waysTo(fetch.path, before)
      : data.at(fetch.path, before).map((position) => ({ position, objects: [] }));
  for (const { position, objects } of ways) {
    const guards = allOf(position.guards, [fetch.conditions]);
    for (const typeName of data.typeNamesAt(position, before)) {
      if (guards.length === 0 || !sends(supergraph.fullSchema, fetch, typeName)) continue;
      const available = new InputCheck(supergraph, data, fetch, before).guardsOf(position, typeName, fetch.requires);
      if (available.length === 0) continue; // never sent
      checkKey(supergraph, fetch, typeName);
      const known = contextGuards(supergraph, data, asked, [...objects, { position, typeName }]);
      sent.set(typeName, [...(sent.get(typeName) ?? []), ...allOf(allOf(guards, known), available)]);
    }
  }
  return sent;
}

function checkKey(supergraph: RouterSupergraph, fetch: PlannedFetch, typeName: string): void {
  if (hasResolvableKey(supergraph, fetch, typeName)) return;
  const sent = sentTypeName(supergraph.fullSchema, fetch, typeName);
  throw unresolvable(
    `No plan was found: the subgraph "${fetch.subgraph}" cannot resolve an entity "${sent}" by what is known of it`,
  );
}

/** Whether what is sent of an entity of a type has a key by which the subgraph resolves it. */
export function hasResolvableKey(supergraph: RouterSupergraph, fetch: PlannedFetch, typeName: string): boolean {
  const sent = sentTypeName(supergraph.fullSchema, fetch, typeName);
  const keys = supergraph.joinedSchemas.get(fetch.subgraph)?.get(sent)?.keys ?? [];
  return keys.some(
    ({ fields, isResolvable }) => isResolvable && hasFields(supergraph, fetch.requires!, typeName, fields),
  );
}

class InputCheck {
  readonly #supergraph: RouterSupergraph;
  readonly #data: FetchedData;
  readonly #fetch: PlannedFetch;
  readonly #before: ReadonlySet<number>;

  constructor(supergraph: RouterSupergraph, data: FetchedData, fetch: PlannedFetch, before: ReadonlySet<number>) {
    this.#supergraph = supergraph;
    this.#data = data;
    this.#fetch = fetch;
    this.#before = before;
  }

  /** When everything that a representation needs of an object is there. */
  guardsOf(position: Position, typeName: string, selections: readonly RequiredSelection[]): Guard[] {
    const fetched = this.#data.fieldsOf(position, typeName, this.#before);
    let guards: Guard[] = [[]];
    for (const [write, { reads, selections: inner }] of requiredFields(
      this.#supergraph.fullSchema,
      selections,
      typeName,
    )) {
      for (const read of reads) {
        const field = fetched.get(read);
        if (!field) return []; // not sent at all: whoever needs what it would bring does not get it
        const isField = field.collected.fieldName === write;
        if (!isField || !field.collected.nodes.every((node) => isReadOf(this.#supergraph, read, node)))
          throw this.#isOther(typeName, write);
        guards = allOf(guards, field.collected.guards);
        if (inner) for (const each of this.#guardsInside(field.inner(), inner)) guards = allOf(guards, each);
      }
    }
    return guards;
  }

  #guardsInside(position: Position, selections: readonly RequiredSelection[]): Guard[][] {
    return this.#data
      .typeNamesAt(position, this.#before)
      .map((typeName) => this.guardsOf(position, typeName, selections));
  }

  #isOther(typeName: string, name: string): Error {
    return unresolvable(
      `No plan was found: the subgraph "${this.#fetch.subgraph}" would get something else for "${typeName}.${name}"`,
    );
  }
}
