import type { CallContext } from "../operation/federation.ts";
import type { Watching } from "./caller-watch.ts";
import { ExplainedPaths } from "./explained-paths.ts";
import { SubgraphFailure } from "../subgraph-client/subgraph-failure.ts";
import type { Cancellable } from "../subgraph-client/exchange.ts";

export type DataObject = Record<string, unknown>;
export type ResponsePath = readonly (string | number)[];

/** An error as the client gets it. */
export interface ResponseError {
  message: string;
  path?: ResponsePath;
  extensions: Readonly<Record<string, unknown>>;
}

/** Why a field of an object is missing. `reported`: an error for it is in the answer already. */
export interface FieldFailure {
  message: string;
  extensions: Readonly<Record<string, unknown>>;
  reported: boolean;
}

/** The state of one execution: the data as it grows together, and what went wrong. */
export class Execution implements Watching {
  readonly root: DataObject;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly call: CallContext;
  readonly errors: ResponseError[] = [];
  /** Those that subgraphs sent for fields, of all executions on the same data, with their paths in it. */
  readonly placedErrors: (Omit<FieldFailure, "reported"> & { path: ResponsePath })[];
  /** Whether no string in the data needs escaping when it is written as JSON. */
  clean: boolean;
  /** Exchanges with subgraphs that have not ended. */
  readonly underWay: Set<Cancellable>;
  /** Where the shaper stands in each list around it. */
  readonly indexes: number[] = [];
  #failures: Map<object, Map<string, FieldFailure>> | null = null;
  #failuresAround: Map<object, FieldFailure> | null = null;
  #explained: ExplainedPaths | null = null;

  constructor(
    call: CallContext,
    variables: Readonly<Record<string, unknown>>,
    start: { root: DataObject; clean: boolean },
    /** Goes on with the data, the exchanges and what is known to be missing of another execution; errors are its own. */
    partOf?: Execution,
  ) {
    this.call = call;
    this.variables = variables;
    this.root = start.root;
    this.clean = start.clean;
    this.underWay = partOf?.underWay ?? new Set();
    this.placedErrors = partOf?.placedErrors ?? [];
    if (partOf) this.#failures = partOf.#failures ??= new Map();
  }

  /** Remembers why these fields of an object are missing; the first reason stays. */
  fail(target: object, keys: readonly string[], failure: FieldFailure): void {
    this.#failures ??= new Map();
    let fields = this.#failures.get(target);
    if (!fields) this.#failures.set(target, (fields = new Map()));
    for (const key of keys) if (!fields.has(key)) fields.set(key, failure);
  }

  failureOf(target: object | null, key: string): FieldFailure | undefined {
    return target === null ? undefined : this.#failures?.get(target)?.get(key);
  }

  /**
   * Why something inside a value may be missing: one of the fetches that bring it together failed. Asked while the answer
   * is written.
   */
  failureAround(target: object | null): FieldFailure | undefined {
    if (target === null || !this.#failures) return undefined;
    if (this.#failuresAround === null) {
      this.#failuresAround = new Map();
      for (const [owner, fields] of this.#failures)
        for (const [key, failure] of fields) markInside((owner as DataObject)[key], failure, this.#failuresAround);
    }
    return this.#failuresAround.get(target);
  }

  /** Any reason why something of an object is missing: the cause when a later fetch cannot be made for it. */
  anyFailureOf(target: object): FieldFailure | undefined {
    return this.#failures?.get(target)?.values().next().value;
  }

  /** Asked while the answer is written: by then every subgraph has reported its errors. */
  explainedPaths(): ExplainedPaths {
    return (this.#explained ??= new ExplainedPaths(this.errors));
  }

  /** Gives up all exchanges. */
  callerGaveUp(): void {
    for (const exchange of this.underWay)
      exchange.cancel(new SubgraphFailure("TIMEOUT", "The request was given up before the subgraph answered"));
  }
}

function markInside(value: unknown, failure: FieldFailure, marks: Map<object, FieldFailure>): void {
  if (typeof value !== "object" || value === null || marks.has(value)) return;
  if (!Array.isArray(value)) marks.set(value, failure);
  for (const inner of Object.values(value)) markInside(inner, failure, marks);
}

export function isDataObject(value: unknown): value is DataObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
