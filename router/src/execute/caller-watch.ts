/** Something that ends when its caller gives up. */
export interface Watching {
  callerGaveUp(): void;
}

/** By signal: one listener tells all, because taking a listener off a signal costs more the more it has. */
const watching = new WeakMap<AbortSignal, Set<Watching>>();

/** Tells `one` when the signal aborts, at once where it has already; until `unwatchCaller`. */
export function watchCaller(signal: AbortSignal, one: Watching): void {
  if (signal.aborted) return one.callerGaveUp();
  let all = watching.get(signal);
  if (!all) {
    const told = (all = new Set());
    watching.set(signal, told);
    signal.addEventListener("abort", () => {
      for (const each of told) each.callerGaveUp();
    });
  }
  all.add(one);
}

export function unwatchCaller(signal: AbortSignal, one: Watching): void {
  watching.get(signal)?.delete(one);
}
