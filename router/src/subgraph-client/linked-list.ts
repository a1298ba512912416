/** Where a value stands in a list. */
export interface ListNode<T> {
  /** Null when it was removed. */
  value: T | null;
  previous: ListNode<T> | null;
  next: ListNode<T> | null;
}

/**
 * Values in the order in which they were added, for a list that lives long and holds what lives as briefly as a request. A Set
 * is no good for that: whenever it outgrows its table, the old one goes on pointing to what was in it and to the new one.
 * Once one of them is old, the collector of the young generation keeps all that follow it, with every request in them.
 */
export class LinkedList<T> {
  #first: ListNode<T> | null = null;
  #last: ListNode<T> | null = null;
  #length = 0;

  get first(): ListNode<T> | null {
    return this.#first;
  }

  get length(): number {
    return this.#length;
  }

  add(value: T): ListNode<T> {
    const node: ListNode<T> = { value, previous: this.#last, next: null };
    if (this.#last === null) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#length += 1;
    return node;
  }

  /** Does nothing for what was removed before. */
  remove(node: ListNode<T>): void {
    if (node.value === null) return;
    const { previous, next } = node;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    this.#length -= 1;
    // It leads nowhere from now on: whoever still has it keeps nothing else.
    node.value = null;
    node.previous = null;
    node.next = null;
  }
}
