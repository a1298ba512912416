import type { IncomingHttpHeaders } from "node:http";
import type { HeaderRule } from "../config/header-rule-config.ts";
import { isCredential, isSettable } from "./header-names.ts";

type Headers = Record<string, string>;
type Step = (headers: Headers, client: IncomingHttpHeaders, hopByHop: ReadonlySet<string> | null) => void;

const NOTHING: IncomingHttpHeaders = {};

/**
 * What one subgraph is sent beside what the router itself says. Headers of the connection and of the router are never
 * touched, and neither are those that the client's `Connection` header names.
 */
export class HeaderRules {
  readonly #steps: readonly Step[];

  constructor(rules: readonly HeaderRule[]) {
    this.#steps = rules.map(compileRule);
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** Puts in what the rules say. Without a client's request only what the router inserts itself. */
  headersFor(client: IncomingHttpHeaders | null): Headers {
    const headers: Headers = {};
    const hopByHop = client === null ? null : namedByConnection(client);
    for (const step of this.#steps) step(headers, client ?? NOTHING, hopByHop);
    return headers;
  }
}

function compileRule({ propagate, insert, remove }: HeaderRule): Step {
  if (insert) {
    const name = insert.name.toLowerCase();
    return (headers) => void (headers[name] = insert.value);
  }
  if (remove) return compileRemove(remove);
  if (propagate?.named !== undefined) return propagateNamed(propagate.named.toLowerCase(), propagate);
  return propagateMatching(patternOf(propagate!.matching!));
}

function propagateNamed(name: string, rule: { rename?: string | undefined; default?: string | undefined }): Step {
  const target = (rule.rename ?? name).toLowerCase();
  return (headers, client, hopByHop) => {
    const value = (hopByHop?.has(name) ? undefined : textOf(client[name])) ?? rule.default;
    if (value !== undefined) headers[target] = value;
  };
}

function propagateMatching(pattern: RegExp): Step {
  return (headers, client, hopByHop) => {
    for (const name in client) {
      if (!isSettable(name) || isCredential(name) || hopByHop?.has(name) || !pattern.test(name)) continue;
      const value = textOf(client[name]);
      if (value !== undefined) headers[name] = value;
    }
  };
}

function compileRemove({ named, matching }: { named?: string | undefined; matching?: string | undefined }): Step {
  if (named !== undefined) {
    const name = named.toLowerCase();
    return (headers) => void delete headers[name];
  }
  const pattern = patternOf(matching!);
  return (headers) => {
    for (const name of Object.keys(headers)) if (pattern.test(name)) delete headers[name];
  };
}

/** A pattern stands for the whole name, whatever its case. */
function patternOf(text: string): RegExp {
  return new RegExp(`^(?:${text})$`, "i");
}

function namedByConnection({ connection }: IncomingHttpHeaders): ReadonlySet<string> | null {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return null;
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}
