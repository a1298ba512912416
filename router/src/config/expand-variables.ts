import { isScalar, visit, type Document } from "yaml";

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every scalar. An unquoted scalar that had one is read again as YAML reads
 * plain scalars, so that a port is a number and nothing is null; no value can add structure. Returns the variables that are
 * missing, with the offset where they stand.
 */
export function expandVariables(
  document: Document,
  environment: NodeJS.ProcessEnv,
): { name: string; offset: number }[] {
  const missing: { name: string; offset: number }[] = [];
  visit(document, {
    Scalar(key, node) {
      if (key === "key" || !isScalar(node) || typeof node.value !== "string" || !node.value.includes("${")) return;
      const text = node.value.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
        const value = environment[name] || fallback;
        if (value === undefined) missing.push({ name, offset: node.range?.[0] ?? 0 });
        return value ?? "";
      });
      node.value = node.type === "PLAIN" ? readPlain(text) : text;
    },
  });
  return missing;
}

function readPlain(text: string): string | number | boolean | null {
  if (text === "" || text === "null" || text === "~") return null;
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
