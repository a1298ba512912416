import { LinkedList } from "../subgraph-client/linked-list.ts";

/** Something that ends when its caller gives up. */
export interface Watching {
  callerGaveUp(): void;
}

/** By signal: one listener tells all, because taking a listener off a signal costs more the more it has. */
const watching = new WeakMap<AbortSignal, LinkedList<Watching>>();

/** Tells `one` when the signal aborts, at once where it has already; until what this returns is called. */
export function watchCaller(signal: AbortSignal, one: Watching): () => void {
  if (signal.aborted) {
    one.callerGaveUp();
    return () => {};
  }
  let all = watching.get(signal);
  if (!all) {
    all = new LinkedList();
    watching.set(signal, all);
    const told = all;
    signal.addEventListener("abort", () => tellAll(told));
  }
  const node = all.add(one);
  return () => all.remove(node);
}

function tellAll(told: LinkedList<Watching>): void {
  for (let node = told.first; node !== null; node = told.first) {
    const one = node.value!;
    told.remove(node);
    one.callerGaveUp();
  }
}
