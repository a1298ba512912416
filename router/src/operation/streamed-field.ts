import { getArgumentValues, type FieldNode, type GraphQLSchema } from "graphql";
import { CodedError } from "@mib/service/coded-error";
import { isStreamKind, type StreamedDirective } from "../supergraph/streamed-directive.ts";
import type { StreamedField } from "./federation.ts";

/** The streamed field that a subscription selects; `node` is the client's own, so its variables are too. */
export function streamedField(schema: GraphQLSchema, directive: StreamedDirective, node: FieldNode): StreamedField {
  const fieldName = node.name.value;
  const definition = schema.getSubscriptionType()?.getFields()[fieldName];
  if (!definition) throw new Error(`the API has no subscription ${fieldName}`);
  const { source } = directive;
  if (!isStreamKind(source))
    throw new CodedError("SUBSCRIPTION_NOT_SUPPORTED", `The subscription "${fieldName}" comes from ${source}.`);
  return {
    ...directive,
    source,
    fieldName,
    responseKey: (node.alias ?? node.name).value,
    arguments: (variables) => getArgumentValues(definition, node, variables),
  };
}
