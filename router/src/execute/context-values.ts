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

  /** The first source whose object is of its type decides: it is the nearest one, and none behind it stands in for it. */
  #valueOf({ definition, sources }: ContextVariable, objectAt: (up: number) => DataObject): unknown {
    const source = sources.find(({ up, path }) => this.#applies(path[0], objectAt(up)));
    const value = source && this.#read(source, objectAt(source.up));
    return value === null && definition.type.kind === Kind.NON_NULL_TYPE ? undefined : value;
  }

  #read({ path }: ContextSource, object: DataObject): unknown {
    let value: unknown = object;
    for (const step of path) {
      if (!isDataObject(value)) return value === null ? null : undefined;
      if (!this.#applies(step, value)) return undefined;
      if (typeOfStep(step) === null) value = value[step];
    }
    return value;
  }

  #applies(step: string | undefined, object: DataObject): boolean {
    const condition = step === undefined ? null : typeOfStep(step);
    const typename = object["__typename"];
    // An object that does not say what it is was selected under this condition only.
    return (
      condition === null || typeof typename !== "string" || matchesTypeCondition(this.#schema, typename, condition)
    );
  }
}
