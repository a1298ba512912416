import { isAbstractType, isObjectType, type GraphQLSchema } from "graphql";
import { compileFunction, propertyOf } from "./compile-function.ts";
import { isDataObject, type DataObject } from "./execution.ts";

/** Puts what a fetch brought into an object: `keys` are all that the fetch can bring. */
export type Merge = (target: DataObject, source: DataObject) => void;

export function compileMerge(keys: readonly string[], schema: GraphQLSchema): Merge {
  const lines = keys.map((key) => {
    const [target, source] = [propertyOf("target", key), propertyOf("source", key)];
    if (key === "__typename") return `v=${source};if(v!==undefined)${target}=pickTypename(${target},v);`;
    return `v=${source};if(v!==undefined)${target}=${target}===undefined?v:mergeValues(${target},v);`;
  });
  const pickTypename = (known: unknown, received: unknown) => moreConcreteTypename(schema, known, received);
  return compileFunction(["target", "source"], `let v;${lines.join("")}`, { mergeValues, pickTypename });
}

/**
 * What is known stays: a null of one subgraph does not take away what another one sent. Lists are merged element by
 * element when they are of one length.
 */
export function mergeValues(known: unknown, received: unknown): unknown {
  if (known === null || known === undefined) return received;
  if (known === received) return known;
  if (Array.isArray(known)) {
    if (!Array.isArray(received) || received.length !== known.length) return known;
    for (let index = 0; index < known.length; index++) known[index] = mergeValues(known[index], received[index]);
    return known;
  }
  if (!isDataObject(known) || !isDataObject(received)) return known;
  for (const key of Object.keys(received)) {
    if (key === "__proto__") continue; // assigning it would change the object's prototype
    known[key] = mergeValues(known[key], received[key]);
  }
  return known;
}

/** A subgraph that knows an entity only as an interface (`@interfaceObject`) says the interface's name. */
function moreConcreteTypename(schema: GraphQLSchema, known: unknown, received: unknown): unknown {
  if (typeof known !== "string" || typeof received !== "string") return received ?? known;
  const isKnownObject = isObjectType(schema.getType(known));
  return isKnownObject && isAbstractType(schema.getType(received)) ? known : received;
}

/** A copy that shares nothing with the original. */
export function cloneData<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneData) as T;
  if (!isDataObject(value)) return value;
  const copy: DataObject = {};
  for (const key of Object.keys(value)) if (key !== "__proto__") copy[key] = cloneData(value[key]);
  return copy as T;
}
