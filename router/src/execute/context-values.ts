import { Kind, type GraphQLSchema } from "graphql";
import type { ContextSource, ContextVariable, PlannedFetch } from "../plan/fetch-plan.ts";
import { pathAbove } from "../plan/path-above.ts";
import { isDataObject, type DataObject, type Execution, type FieldFailure, type ResponsePath } from "./execution.ts";
import type { CompileContext } from "./request-part.ts";
import { compileTargets, pathsOfTargets, type TargetCollector } from "./targets.ts";
import { matchesTypeCondition, typeOfStep } from "./type-condition.ts";

/** What the entities of one fetch are told of the objects around them. */
export interface ContextValues {
  /** The values as JSON, one per variable, of the entity at a position; null for one that is not there or failed. */
  of(position: number): readonly (string | null)[];
  /** Why values are not there. */
  failureOf(position: number): FieldFailure | undefined;
}

/** Reads the values of context variables out of the data, for the objects at the path of a fetch. */
export class ContextReader {
  readonly #schema: GraphQLSchema;
  readonly #path: readonly string[];
  readonly #contexts: readonly ContextVariable[];
  readonly #collectors = new Map<number, TargetCollector>();

  constructor(
    { path, contexts }: Pick<PlannedFetch, "path" | "contexts">,
    { fullSchema }: Pick<CompileContext, "fullSchema">,
  ) {
    this.#schema = fullSchema;
    this.#path = path;
    this.#contexts = contexts;
    for (const { sources } of contexts)
      for (const { up } of sources) this.#collectors.set(up, compileTargets(path, up));
  }

  read(execution: Execution): ContextValues {
    const above = new Map([...this.#collectors].map(([up, collect]) => [up, collect(execution.root)]));
    const failures = new ContextFailures(execution, this.#path);
    const found = (context: ContextVariable, position: number) =>
      this.#valueOf(context, (up) => above.get(up)![position]!);
    return {
      of: (position) =>
        this.#contexts.map((context) => {
          const { value, source, names } = found(context, position);
          if (value === undefined) return null;
          if (value !== null) return JSON.stringify(value);
          const isFailed =
            context.definition.type.kind === Kind.NON_NULL_TYPE || failures.at(position, source?.up, names);
          return isFailed ? null : "null";
        }),
      failureOf: (position) => {
        for (const context of this.#contexts) {
          const { value, source, names } = found(context, position);
          const failure = value === null || value === undefined ? failures.at(position, source?.up, names) : undefined;
          if (failure) return failure;
        }
        for (const [up, objects] of above) {
          const failure = execution.anyFailureOf(objects[position]!);
          // The error that is in the answer for it may be of a field that nobody asked for.
          if (failure) return (failure.reported && failures.at(position, up, [])) || failure;
        }
        return undefined;
      },
    };
  }

  /** The first source whose object is of its type decides: it is the nearest one, and none behind it stands in for it. */
  #valueOf({ sources }: ContextVariable, objectAt: (up: number) => DataObject): FoundValue {
    const source = sources.find(({ up, path }) => this.#applies(path[0], objectAt(up)));
    return source ? { ...this.#read(source, objectAt(source.up)), source } : { value: undefined, names: [] };
  }

  #read({ path }: ContextSource, object: DataObject): Omit<FoundValue, "source"> {
    let value: unknown = object;
    const names: string[] = [];
    for (const step of path) {
      if (!isDataObject(value)) return { value: value === null ? null : undefined, names };
      if (!this.#applies(step, value)) return { value: undefined, names };
      if (typeOfStep(step) !== null) continue;
      value = value[step];
      names.push(step);
    }
    return { value, names };
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

interface FoundValue {
  value: unknown;
  /** Absent where no object around sets the context. */
  source?: ContextSource;
  /** From the object that sets it to the value, or to the null around it. */
  names: readonly string[];
}

/** The errors that subgraphs sent for values of contexts: a null with one says nothing of its field. */
class ContextFailures {
  readonly #execution: Execution;
  readonly #path: readonly string[];
  #entities: readonly ResponsePath[] | null = null;
  #byPath: ReadonlyMap<string, FieldFailure> | null = null;

  constructor(execution: Execution, path: readonly string[]) {
    this.#execution = execution;
    this.#path = path;
  }

  /** Why the value at these names is null, in the object so many above the entity at a position; absent where none is. */
  at(position: number, up: number | undefined, names: readonly string[]): FieldFailure | undefined {
    if (up === undefined || this.#execution.placedErrors.length === 0) return undefined;
    this.#entities ??= pathsOfTargets(this.#execution.root, this.#path);
    const object = this.#entities[position]!.slice(0, pathAbove(this.#path, up).length);
    this.#byPath ??= this.#readErrors();
    return this.#byPath.get(JSON.stringify([...object, ...names]));
  }

  /** By every beginning of their paths: what an error took may be around its place. */
  #readErrors(): ReadonlyMap<string, FieldFailure> {
    const failures = new Map<string, FieldFailure>();
    for (const { message, path, extensions } of this.#execution.placedErrors) {
      for (let length = 1; length <= path.length; length++) {
        const key = JSON.stringify(path.slice(0, length));
        if (!failures.has(key)) failures.set(key, { message, extensions, reported: false });
      }
    }
    return failures;
  }
}
