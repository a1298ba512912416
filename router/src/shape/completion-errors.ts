import type { GraphQLCompositeType, GraphQLOutputType } from "graphql";
import { isDataObject, type Execution, type ResponsePath } from "../execute/execution.ts";

/**
 * Where in the response a piece of code writes, from there up to the root: a name, or the number of the list that stands for an
 * index. Linked, because an operation has one for each of its fields.
 */
export interface PathTemplate {
  above: PathTemplate | null;
  step: string | { list: number };
}

/** The path in the response, by the indexes in the lists around; null stands for the root. */
export function pathAt(template: PathTemplate | null, indexes: readonly number[]): ResponsePath {
  const path: (string | number)[] = [];
  for (let at = template; at !== null; at = at.above)
    path.push(typeof at.step === "string" ? at.step : indexes[at.step.list]!);
  return path.reverse();
}

/** A field of a type. */
export interface Coordinate {
  parent: GraphQLCompositeType;
  field: string;
}

/** What the compiled code knows about a place in the response: where it is and what belongs there. */
export interface Place {
  path: PathTemplate | null;
  /** For the message. */
  coordinate: Coordinate;
  type: GraphQLOutputType;
}

/**
 * Called where a value is not what its place needs. Leaves an error in the answer when the client has to know: why the
 * field is missing, or that the subgraph sent a null or a value that the schema rules out.
 */
export function reportIncomplete(
  execution: Execution,
  place: Place,
  value: unknown,
  owner: object | null,
  key: string,
  isRequired: boolean,
): void {
  const path = pathAt(place.path, execution.indexes);
  const { parent, field } = place.coordinate;
  if (value === undefined) {
    const failure = execution.failureOf(owner, key) ?? execution.failureAround(owner);
    if (failure?.reported) return;
    if (failure) {
      execution.errors.push({ message: failure.message, path, extensions: failure.extensions });
      return;
    }
  }
  if (value === null || value === undefined) {
    if (!isRequired || execution.explainedPaths().has(path)) return;
    report(execution, path, `The field ${parent.name}.${field} cannot be null, and no subgraph sent a value`);
    return;
  }
  if (isDataObject(value) && typeof value["__typename"] === "string") {
    report(execution, path, `The field ${parent.name}.${field} got an object of a type that it cannot have`);
  } else report(execution, path, `The field ${parent.name}.${field} got a value that is no ${String(place.type)}`);
}

function report(execution: Execution, path: ResponsePath, message: string): void {
  execution.errors.push({ message, path, extensions: { code: "SUBGRAPH_BAD_RESPONSE" } });
}
