import { visit, type OperationDefinitionNode } from "graphql";
import { deferLabelOf } from "../shape/collect-fields.ts";

/** The labels of all deferred parts of an operation, each with those of the parts around it, the nearest first. */
export type DeferredLabels = ReadonlyMap<string, readonly string[]>;

export function deferredLabels(operation: OperationDefinitionNode): DeferredLabels {
  const labels = new Map<string, readonly string[]>();
  const around: string[] = [];
  visit(operation, {
    InlineFragment: {
      enter(fragment) {
        const label = deferLabelOf(fragment);
        if (label === undefined) return;
        labels.set(label, [...around]);
        around.unshift(label);
      },
      leave: (fragment) => void (deferLabelOf(fragment) !== undefined && around.shift()),
    },
  });
  return labels;
}

/** Whether what comes for one part is there when another part comes; null stands for what comes at once. */
export function isBefore(labels: DeferredLabels, other: string | null, part: string | null): boolean {
  if (other === null || other === part) return true;
  return part !== null && (labels.get(part) ?? []).includes(other);
}
