import type { GraphQLOutputType } from "graphql";
import { isDataObject, type Execution, type ResponsePath } from "../execute/execution.ts";

/** Where in the response a piece of code writes: names, and the number of the list that stands for an index. */
export type PathTemplate = readonly (string | { list: number })[];

/** What the compiled code knows about a place in the response: where it is and what belongs there. */
export interface Place {
  path: PathTemplate;
  /** `Type.field`, for the message. */
  coordinate: string;
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
  const path = place.path.map((step) => (typeof step === "string" ? step : execution.indexes[step.list]!));
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
    report(execution, path, `The field ${place.coordinate} cannot be null, and no subgraph sent a value`);
    return;
  }
  if (isDataObject(value) && typeof value["__typename"] === "string") {
    report(execution, path, `The field ${place.coordinate} got an object of a type that it cannot have`);
  } else report(execution, path, `The field ${place.coordinate} got a value that is no ${String(place.type)}`);
}

function report(execution: Execution, path: ResponsePath, message: string): void {
  execution.errors.push({ message, path, extensions: { code: "SUBGRAPH_BAD_RESPONSE" } });
}
