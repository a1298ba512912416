import type { CallContext, IncrementalPayload } from "../operation/federation.ts";
import type { ExplainingNames } from "../plan/explaining-names.ts";
import type { Shape } from "../shape/response-shaper.ts";
import type { CompiledRequest } from "./compiled-request.ts";
import { watchCaller } from "./caller-watch.ts";
import { DeferredExecution, type DeferredObject } from "./deferred-execution.ts";
import type { ResponseError, ResponsePath } from "./execution.ts";
import { PlacedErrors } from "./placed-errors.ts";
import { runAfter } from "./run-requests.ts";
import { ToldParts, type ClientDefer } from "./told-parts.ts";

/** What incremental delivery needs of an operation that was compiled with `@defer`. */
export interface DeferredCode {
  requests: readonly CompiledRequest[];
  /** Writes the part that comes at once. */
  shape: Shape;
  /** The client's own by our label. */
  clientDefers: ReadonlyMap<string, ClientDefer>;
  explaining: ExplainingNames;
}

/**
 * Answers in payloads: first what is not deferred, then each deferred part when its requests are over and the part around
 * it was sent. Every payload says whether another follows.
 */
export async function* deliverIncrementally(
  code: DeferredCode,
  call: CallContext,
  variables: Readonly<Record<string, unknown>>,
): AsyncGenerator<IncrementalPayload, void, void> {
  const first = new DeferredExecution(call, variables);
  const unwatch = watchCaller(call.signal, first);
  try {
    const parts = startRequests(code.requests, first);
    await parts.get(null)?.over;
    const errors = new PlacedErrors(code.explaining);
    yield firstPayload(code.shape, first, errors);

    const waiting = new Map<string, DeferredObject[]>();
    const told = new ToldParts(code.clientDefers);
    addWaiting(waiting, first.deferred, told);
    while (waiting.size > 0) {
      await Promise.race([...waiting.keys()].map((label) => parts.get(label)?.over ?? Promise.resolve()));
      const incremental: string[] = [];
      let hasErrors = false;
      // What a part lets follow is visited too: it may be over already, and then comes behind it in one payload.
      for (const [label, objects] of waiting) {
        const part = parts.get(label);
        if (part?.isOver === false) continue;
        waiting.delete(label);
        const execution = part?.execution ?? new DeferredExecution(call, variables, first);
        const written = writePart(objects, execution, { label: code.clientDefers.get(label)!.label, errors });
        incremental.push(...written.texts);
        hasErrors ||= written.hasErrors;
        addWaiting(waiting, written.deferred, told);
      }
      yield { text: `{"incremental":[${incremental.join(",")}],"hasNext":${waiting.size > 0}}`, hasErrors };
    }
  } finally {
    unwatch();
  }
}

interface WrittenPart {
  texts: string[];
  hasErrors: boolean;
  /** What comes after it. */
  deferred: DeferredObject[];
}

interface RunningPart {
  execution: DeferredExecution;
  over: Promise<void>;
  isOver: boolean;
}

/** Starts all requests, each for its part of the answer: by label, null for the part that comes at once. */
function startRequests(
  requests: readonly CompiledRequest[],
  first: DeferredExecution,
): ReadonlyMap<string | null, RunningPart> {
  const executions = new Map<string | null, DeferredExecution>([[null, first]]);
  const ofPart = new Map<string | null, Promise<void>[]>();
  const over: Promise<void>[] = [];
  for (const request of requests) {
    const label = request.deferredTo;
    let execution = executions.get(label);
    if (!execution) executions.set(label, (execution = new DeferredExecution(first.call, first.variables, first)));
    const done = runAfter(request, over, execution);
    over.push(done);
    ofPart.set(label, [...(ofPart.get(label) ?? []), done]);
  }
  const parts = new Map<string | null, RunningPart>();
  for (const [label, promises] of ofPart) {
    const part: RunningPart = { execution: executions.get(label)!, over: Promise.resolve(), isOver: false };
    part.over = Promise.all(promises).then(() => void (part.isOver = true));
    parts.set(label, part);
  }
  return parts;
}

function firstPayload(shape: Shape, execution: DeferredExecution, placed: PlacedErrors): IncrementalPayload {
  const endOfShape = execution.call.hooks?.stage("shape");
  const data = shape(execution);
  endOfShape?.();
  if (data === undefined) execution.deferred.length = 0; // no object is left that something could come for
  const errors = placed.take(execution.errors, [], data ?? "null");
  const hasErrors = errors.length > 0;
  if (hasErrors) execution.call.reportErrors?.(errors);
  const told = hasErrors ? `"errors":${JSON.stringify(errors)},` : "";
  return { text: `{${told}"data":${data ?? "null"},"hasNext":${execution.deferred.length > 0}}`, hasErrors };
}

function addWaiting(
  waiting: Map<string, DeferredObject[]>,
  deferred: readonly DeferredObject[],
  told: ToldParts,
): void {
  for (const each of deferred) {
    if (!told.isNew(each)) continue;
    const objects = waiting.get(each.part.label);
    if (objects) objects.push(each);
    else waiting.set(each.part.label, [each]);
  }
}

/** Writes a part of each object with the errors that lie in it; what lies around several goes with the first of them. */
function writePart(
  objects: readonly DeferredObject[],
  execution: DeferredExecution,
  { label, errors: placed }: { label: string | null; errors: PlacedErrors },
): WrittenPart {
  const paths = objects.map(({ part, indexes }) => part.pathOf(indexes));
  const fetched = shareErrors(execution.errors, paths);
  const written: WrittenPart = { texts: [], hasErrors: false, deferred: [] };
  objects.forEach(({ part, object, indexes }, position) => {
    const own = new DeferredExecution(execution.call, execution.variables, execution);
    own.errors.push(...fetched[position]!);
    own.indexes.push(...indexes);
    const endOfShape = own.call.hooks?.stage("shape");
    const data = part.shape(object, own);
    endOfShape?.();
    if (data !== undefined) written.deferred.push(...own.deferred);
    const errors = placed.take(own.errors, paths[position]!, data ?? "null");
    const hasErrors = errors.length > 0;
    written.hasErrors ||= hasErrors;
    if (hasErrors) own.call.reportErrors?.(errors);
    written.texts.push(
      (hasErrors ? `{"errors":${JSON.stringify(errors)},` : "{") +
        (label === null ? "" : `"label":${JSON.stringify(label)},`) +
        `"path":${JSON.stringify(paths[position])},"data":${data ?? "null"}}`,
    );
  });
  return written;
}

/** The errors of each of the paths, which are all of one length. An object that a null took has none any more. */
function shareErrors(errors: readonly ResponseError[], paths: readonly ResponsePath[]): ResponseError[][] {
  const shared: ResponseError[][] = paths.map(() => []);
  if (errors.length === 0) return shared;
  const length = paths[0]!.length;
  const positions = new Map(paths.map((path, position) => [JSON.stringify(path), position]));
  for (const error of errors) {
    const { path = [] } = error;
    const position =
      path.length < length
        ? paths.findIndex((each) => path.every((step, index) => each[index] === step))
        : positions.get(JSON.stringify(path.slice(0, length)));
    shared[position ?? -1]?.push(error);
  }
  return shared;
}
