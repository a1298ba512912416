import { print } from "graphql";
import type { OperationPlan } from "./plan-operation.ts";
import type { PlannedFetch, RequiredSelection } from "./fetch-plan.ts";

/** A plan as JSON: what is asked of which subgraph, for what, and after what. Ids count from 1. */
export interface DescribedPlan {
  stream?: { subgraph: string; selection: string };
  requests: {
    id: number;
    subgraph: string;
    kind: string;
    after: number[];
    deferredTo?: string;
    parts: {
      for: { path: string; if?: string }[];
      with?: string;
      contexts?: { variable: string; from: string[] }[];
      selection: string;
    }[];
  }[];
}

export function describePlan({ requests, source }: OperationPlan): DescribedPlan {
  return {
    ...(source && { stream: { subgraph: source.subgraph, selection: print(source.selection) } }),
    requests: requests.map((request) => ({
      id: request.id + 1,
      subgraph: request.subgraph,
      kind: request.kind,
      after: request.after.map((id) => id + 1),
      ...(request.deferredTo && { deferredTo: request.deferredTo }),
      parts: request.parts.map(({ fetches }) => ({
        for: fetches.map((fetch) => ({
          path: fetch.path.join("."),
          ...(fetch.conditions.length > 0 && { if: printConditions(fetch) }),
        })),
        ...(fetches[0]!.requires && { with: printRequired(fetches[0]!.requires, "").trim() }),
        ...(fetches[0]!.contexts.length > 0 && { contexts: describeContexts(fetches[0]!) }),
        selection: print(fetches[0]!.selection),
      })),
    })),
  };
}

/** The plan for a reader: each request with what it waits for, the entities it is about, what it sends and what it asks. */
export function printPlan({ requests, source }: OperationPlan): string {
  const lines: string[] = [];
  if (source) lines.push(`each event of ${source.subgraph}`, ...indent(print(source.selection), "    "));
  for (const request of requests) {
    const after = request.after.map((id) => id + 1).join(", ");
    lines.push(
      `${request.id + 1}  ${request.kind} ${request.subgraph}${after ? `, after ${after}` : ""}${request.deferredTo ? `, for ${request.deferredTo}` : ""}`,
    );
    for (const { fetches } of request.parts) {
      for (const fetch of fetches) {
        if (fetch.path.length > 0 || fetch.conditions.length > 0)
          lines.push(`    for ${fetch.path.join(".") || "the root"}${printConditions(fetch)}`);
      }
      if (fetches[0]!.requires) lines.push(...indent(`with {\n${printRequired(fetches[0]!.requires, "  ")}}`, "    "));
      for (const { variable, from } of describeContexts(fetches[0]!))
        lines.push(`    $${variable} from ${from.join(" or ")}`);
      lines.push(...indent(print(fetches[0]!.selection), "    "));
    }
  }
  return lines.length > 0 ? `${lines.join("\n")}\n` : "no request: the router answers by itself\n";
}

function describeContexts({ contexts }: PlannedFetch): { variable: string; from: string[] }[] {
  return contexts.map(({ definition, sources }) => ({
    variable: definition.variable.name.value,
    from: sources.map(({ up, path }) => [...Array.from({ length: up }, () => ".."), ...path].join("/")),
  }));
}

function printConditions({ conditions }: PlannedFetch): string {
  return conditions.map(({ variable, expected }) => ` if ${expected ? "" : "not "}$${variable}`).join(" and");
}

function printRequired(selections: readonly RequiredSelection[], margin: string): string {
  return selections
    .map((selection) => {
      const inner = selection.selections ? ` {\n${printRequired(selection.selections, `${margin}  `)}${margin}}` : "";
      if (selection.kind === "fragment") return `${margin}... on ${selection.on}${inner}\n`;
      return `${margin}${selection.write}${selection.read === selection.write ? "" : ` from ${selection.read}`}${inner}\n`;
    })
    .join("");
}

function indent(text: string, margin: string): string[] {
  return text.split("\n").map((line) => margin + line);
}
