import { Kind, parse, print, visit } from "graphql";

const CONTEXT = "https://specs.apollo.dev/context/";

/**
 * The supergraph as Apollo's gateway takes it: it refuses one with contexts, which it cannot execute and we can, because
 * these are declared as needed for security. Directives that are not enforced here stay declared so, and refused.
 */
export function gatewaySupergraph(supergraphSdl: string): string {
  if (!supergraphSdl.includes(CONTEXT)) return supergraphSdl;
  return print(
    visit(parse(supergraphSdl), {
      Directive(link) {
        const url = link.arguments?.find(({ name }) => name.value === "url")?.value;
        if (link.name.value !== "link" || url?.kind !== Kind.STRING || !url.value.startsWith(CONTEXT)) return undefined;
        return { ...link, arguments: link.arguments!.filter(({ name }) => name.value !== "for") };
      },
    }),
  );
}
