import { Kind, type GraphQLSchema } from "graphql";
import type { ContextSource, ContextVariable, PlannedFetch } from "../plan/fetch-plan.ts";
import { isDataObject, type DataObject, type Execution, type FieldFailure } from "./execution.ts";
import { compileTargets, type TargetCollector } from "./targets.ts";
import { matchesTypeCondition, typeOfStep } from "./type-condition.ts";

/** What the entities of one fetch are told of the objects around them. */
export interface ContextValues {
  /** The values as JSON, one per variable, of the entity at a position; null where one that must be there is not. */
  of(position: number): readonly string[] | null;
  /** Why a value is not there. */
  failureOf(position: number): FieldFailure | undefined;
}

/** Reads the values of context variables out of the data, for the objects at the path of a fetch. */
export class ContextReader {
  readonly #schema: GraphQLSchema;
  readonly #contexts: readonly ContextVariable[];
  readonly #collectors = new Map<number, TargetCollector>();

  constructor({ path, contexts }: PlannedFetch, schema: GraphQLSchema) {
    this.#schema = schema;
    this.#contexts = contexts;
    for (const { sources } of contexts)
      for (const { up } of sources) this.#collectors.set(up, compileTargets(path, up));
  }

  read(execution: Execution): ContextValues {
    const above = new Map([...this.#collectors].map(([up, collect]) => [up, collect(execution.root)]));
    return {
      of: (position) => {
        const values: string[] = [];
        for (const context of this.#contexts) {
          const value = this.#valueOf(context, (up) => above.get(up)![position]!);
          if (value === undefined) return null;
          values.push(JSON.stringify(value));
        }
        return values;
      },
      failureOf(position) {
        for (const objects of above.values()) {
          const failure = execution.anyFailureOf(objects[position]!);
          if (failure) return failure;
        }
        return undefined;
      },
    };
  }

  #valueOf({ definition, sources }: ContextVariable, objectAt: (up: number) => DataObject): unknown {
    for (const source of sources) {
      const value = this.#read(source, objectAt(source.up));
      const isMissing = value === undefined || (value === null && definition.type.kind === Kind.NON_NULL_TYPE);
      if (!isMissing) return value;
    }
    return undefined;
  }

  #read({ path }: ContextSource, object: DataObject): unknown {
    let value: unknown = object;
    for (const step of path) {
      if (!isDataObject(value)) return value === null ? null : undefined;
      const condition = typeOfStep(step);
      if (condition === null) value = value[step];
      else {
        const typename = value["__typename"];
        // An object that does not say what it is was selected under this condition only.
        if (typeof typename === "string" && !matchesTypeCondition(this.#schema, typename, condition)) return undefined;
      }
    }
    return value;
  }
}
