import type { FieldNode } from "graphql";
import { CodedError } from "@mib/service/coded-error";
import type { Execution } from "../execute/execution.ts";
import { projectEvent } from "../execute/project-event.ts";
import type { CompileContext } from "../execute/request-part.ts";
import { UpstreamRoot } from "../execute/upstream-root.ts";
import type { PlannedFetch } from "../plan/fetch-plan.ts";
import { renameSelection } from "../plan/verify/rename-selection.ts";
import type { UpstreamEvent } from "../subgraph-client/upstream-sink.ts";
import { STREAM_URL } from "../supergraph/check-streams.ts";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { StreamedField, UpstreamSource } from "./federation.ts";
import { streamedField } from "./streamed-field.ts";

/** Where the events of a subscription come from: a stream or a subgraph. */
interface SubscriptionSource {
  streamed: StreamedField | null;
  upstream: UpstreamSource | null;
  /** Puts an event into the data, from where the rest of the plan goes on. */
  receive(event: unknown, execution: Execution): void;
}

export function compileSource(
  { apiSchema, fullSchema, streamedFields, subgraphs }: RouterSupergraph,
  fetch: PlannedFetch,
  rootField: FieldNode,
  context: CompileContext,
): SubscriptionSource {
  const fieldName = rootField.name.value;
  const { subgraph } = fetch;
  if (subgraphs.get(subgraph) !== STREAM_URL) {
    const root = new UpstreamRoot(fetch, context);
    return {
      streamed: null,
      upstream: {
        fieldName,
        subgraph,
        client: context.clientOf(subgraph),
        requestText: (variables) => root.requestText(variables),
      },
      receive: (event, execution) => root.receive(event as UpstreamEvent, execution),
    };
  }
  const directive = streamedFields.get(fieldName);
  if (!directive) throw new CodedError("SUBSCRIPTION_NOT_SUPPORTED", `The subscription "${fieldName}" has no source`);
  const selection = renameSelection(fetch.selection, fetch.outputRewrites);
  return {
    streamed: streamedField(apiSchema, directive, rootField),
    upstream: null,
    receive: (payload, execution) => void Object.assign(execution.root, projectEvent(fullSchema, selection, payload)),
  };
}
