import type { RequiredSelection } from "../plan/fetch-plan.ts";
import { isDataObject, type DataObject, type Execution, type FieldFailure } from "./execution.ts";

/** Why an input of a fetch may be missing: a failure of the entity itself, or of an object inside that is an input too. */
export function inputFailureOf(
  execution: Execution,
  object: DataObject,
  requires: readonly RequiredSelection[],
): FieldFailure | undefined {
  return execution.anyFailureOf(object) ?? failureInside(execution, object, requires);
}

function failureInside(
  execution: Execution,
  object: DataObject,
  requires: readonly RequiredSelection[],
): FieldFailure | undefined {
  for (const required of requires) {
    const failure =
      required.kind === "fragment"
        ? failureInside(execution, object, required.selections)
        : required.selections && failureOfValue(execution, object[required.read], required.selections);
    if (failure) return failure;
  }
  return undefined;
}

function failureOfValue(
  execution: Execution,
  value: unknown,
  requires: readonly RequiredSelection[],
): FieldFailure | undefined {
  if (isDataObject(value)) return inputFailureOf(execution, value, requires);
  if (!Array.isArray(value)) return undefined;
  for (const each of value) {
    const failure = failureOfValue(execution, each, requires);
    if (failure) return failure;
  }
  return undefined;
}
