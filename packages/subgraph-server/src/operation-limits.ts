import { CodedError } from "@mib/service/coded-error";
import {
  type GraphQLError,
  Kind,
  parse,
  type ASTVisitor,
  type FragmentDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";
import { createGraphQLError, type Plugin } from "graphql-yoga";
import { isGraphQLError } from "./graphql-error.ts";

/** Refuses documents with too many tokens before they are parsed, and too deep ones before they are executed. */
export function useOperationLimits({ tokensMax, depthMax }: { tokensMax: number; depthMax: number }): Plugin {
  const depthRule = createDepthRule(depthMax);
  return {
    onParse({ setParseFn }) {
      setParseFn((source) => {
        try {
          return parse(source, { maxTokens: tokensMax });
        } catch (error) {
          throw isTokenLimit(error)
            ? tooLarge(`The document may have at most ${tokensMax} tokens.`)
            : syntaxError(error);
        }
      });
    },
    onValidate({ addValidationRule }) {
      addValidationRule(depthRule);
    },
  };
}

function isTokenLimit(error: unknown): boolean {
  return isGraphQLError(error) && error.message.includes("Parsing aborted");
}

function syntaxError(error: unknown): unknown {
  if (!isGraphQLError(error)) return error;
  return createGraphQLError(error.message, {
    ...(error.source ? { source: error.source } : {}),
    ...(error.positions ? { positions: error.positions } : {}),
    extensions: { code: "GRAPHQL_PARSE_FAILED", http: { status: 400, spec: true } },
  });
}

function tooLarge(message: string): GraphQLError {
  const { code, status } = new CodedError("OPERATION_LIMIT_EXCEEDED");
  return createGraphQLError(message, { extensions: { code, http: { status, spec: true } } });
}

/** Fields within fields; a fragment counts where it is spread, and is measured once. */
function createDepthRule(depthMax: number) {
  return function operationDepth(context: ValidationContext): ASTVisitor {
    const measured = new Map<string, number>();
    const fragments = new Map<string, FragmentDefinitionNode>();
    for (const definition of context.getDocument().definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    }

    function depthOfFragment(name: string): number {
      const known = measured.get(name);
      if (known !== undefined) return known;
      // A fragment that spreads itself is refused by another rule; here it only must not be followed for ever.
      measured.set(name, 0);
      const fragment = fragments.get(name);
      const depth = fragment ? depthOf(fragment.selectionSet) : 0;
      measured.set(name, depth);
      return depth;
    }

    function depthOf(selectionSet: SelectionSetNode): number {
      let deepest = 0;
      for (const selection of selectionSet.selections) {
        if (selection.kind === Kind.FRAGMENT_SPREAD) deepest = Math.max(deepest, depthOfFragment(selection.name.value));
        else if (selection.kind === Kind.INLINE_FRAGMENT) deepest = Math.max(deepest, depthOf(selection.selectionSet));
        else deepest = Math.max(deepest, 1 + (selection.selectionSet ? depthOf(selection.selectionSet) : 0));
      }
      return deepest;
    }

    return {
      OperationDefinition(node) {
        if (depthOf(node.selectionSet) > depthMax) {
          context.reportError(tooLarge(`The operation may be at most ${depthMax} fields deep.`));
        }
      },
    };
  };
}
