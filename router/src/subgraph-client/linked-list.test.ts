import fc from "fast-check";
import { expect, test } from "vitest";
import { LinkedList, type ListNode } from "./linked-list.ts";

function valuesOf(list: LinkedList<string>): (string | null)[] {
  const values: (string | null)[] = [];
  for (let node = list.first; node !== null; node = node.next) values.push(node.value);
  return values;
}

test("it has what a Set of the same values has, in the same order", () => {
  const steps = fc.array(fc.record({ add: fc.boolean(), index: fc.nat(20) }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (all) => {
      const [list, set] = [new LinkedList<string>(), new Set<string>()];
      const nodes: { name: string; node: ListNode<string> }[] = [];
      for (const { add, index } of all) {
        const name = String(nodes.length);
        const one = nodes[index];
        if (add) {
          nodes.push({ name, node: list.add(name) });
          set.add(name);
        } else if (one) {
          list.remove(one.node);
          set.delete(one.name);
        }
        expect(valuesOf(list)).toEqual([...set]);
      }
    }),
  );
});

test("what was removed leads to nothing that is still there", () => {
  const list = new LinkedList<string>();
  const [, middle] = ["one", "two", "three"].map((value) => list.add(value));
  list.remove(middle!);
  expect(middle).toEqual({ value: null, previous: null, next: null });
});
