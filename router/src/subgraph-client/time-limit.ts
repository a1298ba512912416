import { LinkedList, type ListNode } from "./linked-list.ts";

/** Something that ends when its time is over. */
export interface Limited {
  /** On the clock of `performance.now`. */
  readonly deadlineAt: number;
  overdue(): void;
}

/** Ends what takes longer than one limit that all share, with one timer for all of them. */
export class TimeLimit {
  /** In the order of their deadlines, because each began after the one before it. */
  readonly #running = new LinkedList<Limited>();
  #timer: NodeJS.Timeout | null = null;

  /** Watches it until `end` is called with what this returns. */
  begin(one: Limited): ListNode<Limited> {
    if (this.#timer === null) this.#await(one);
    return this.#running.add(one);
  }

  end(running: ListNode<Limited>): void {
    this.#running.remove(running);
  }

  #await({ deadlineAt }: Limited): void {
    this.#timer = setTimeout(endOverdue, Math.max(1, Math.ceil(deadlineAt - performance.now())), this).unref();
  }

  /** Called when the time of the one may be over that began first. */
  tick(): void {
    this.#timer = null;
    const now = performance.now();
    for (let running = this.#running.first; running !== null; running = this.#running.first) {
      const one = running.value!;
      if (one.deadlineAt > now) return this.#await(one);
      this.#running.remove(running);
      one.overdue();
    }
  }
}

function endOverdue(limit: TimeLimit): void {
  limit.tick();
}
