import { watchCaller } from "./caller-watch.ts";
import type { CompiledRequest } from "./compiled-request.ts";
import type { Execution } from "./execution.ts";

/** Runs each request as soon as those that it waits for are over. Never rejects: what fails is in the execution. */
export async function runRequests(requests: readonly CompiledRequest[], execution: Execution): Promise<void> {
  if (requests.length === 0) return;
  const unwatch = watchCaller(execution.call.signal, execution);
  try {
    if (requests.length === 1) await requests[0]!.run(execution);
    else {
      const over: Promise<void>[] = [];
      for (const request of requests) over.push(runAfter(request, over, execution));
      await Promise.all(over);
    }
  } finally {
    unwatch();
  }
}

/** Runs a request when those that it waits for are over; `over` has them by their ids. */
export async function runAfter(
  request: CompiledRequest,
  over: readonly Promise<void>[],
  execution: Execution,
): Promise<void> {
  if (request.after.length === 1) await over[request.after[0]!];
  else if (request.after.length > 1) await Promise.all(request.after.map((id) => over[id]!));
  await request.run(execution);
}
