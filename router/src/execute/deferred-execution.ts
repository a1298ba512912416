import type { CallContext } from "../operation/federation.ts";
import type { DeferredPart } from "../shape/deferred-part.ts";
import { Execution, type DataObject } from "./execution.ts";

/** An object of the answer with a part that comes later. */
export interface DeferredObject {
  part: DeferredPart;
  object: DataObject;
  /** Where it is in the lists around it. */
  indexes: readonly number[];
}

/**
 * The execution of one part of an answer with `@defer`: the part that comes at once, or the deferred one of a label. All
 * share the data as it grows; each has its own errors. Another part may bring strings that need escaping at any time.
 */
export class DeferredExecution extends Execution {
  /** Filled while the part is written: what comes after it. */
  readonly deferred: DeferredObject[] = [];

  constructor(call: CallContext, variables: Readonly<Record<string, unknown>>, partOf?: DeferredExecution) {
    super(call, variables, { root: partOf?.root ?? {}, clean: false }, partOf);
  }

  defer(part: DeferredPart, object: DataObject): void {
    this.deferred.push({ part, object, indexes: this.indexes.slice(0, part.lists) });
  }
}
