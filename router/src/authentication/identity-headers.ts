import type { IncomingHttpHeaders } from "node:http";
import { ANONYMOUS, IDENTITY_HEADER, TURN_HEADER, type CallerIdentity } from "@mib/identity/caller-identity";
import type { IdentitySigner } from "@mib/identity/identity-signer";
import { networkOf } from "@mib/service/network-of";
import type { HeaderRules } from "../subgraph-client/header-rules.ts";

type Headers = Record<string, string>;
/** When a subgraph learns who calls: never, in mutations alone, or always. */
type SubgraphIdentity = "none" | "mutations" | "subject";

/** What a subgraph is told about callers. */
export interface ToldOfCallers {
  identity: SubgraphIdentity;
  /** Whether it is told whose turn a request takes, where it does not learn who calls. */
  turns: boolean;
}

/** What is known of a request beside who sent it. */
interface Request {
  kind?: "query" | "mutation" | "subscription";
  clientAddress?: string | null;
  /** Without them nothing is forwarded. */
  clientHeaders?: IncomingHttpHeaders | null;
}
export type HeadersFor = (subgraph: string) => Headers;

const NO_HEADERS: Headers = Object.freeze({});
const nothingFor: HeadersFor = () => NO_HEADERS;

/**
 * What each subgraph is told about the caller, signed, beside what the rules for it forward and insert. A subgraph that does
 * not learn who calls gets the same anonymous identity whoever it is, so its answers can be shared. Without a signer, nobody
 * is told anything. One that is told whose turn a request takes gets a name that says no more. The router's own headers come last: nothing that a client sent can pass for them.
 */
export class IdentityHeaders {
  readonly #signer: IdentitySigner | null;
  readonly #toldOf: (subgraph: string) => ToldOfCallers;
  readonly #readRules: (subgraph: string) => HeaderRules;
  readonly #rules = new Map<string, HeaderRules>();

  constructor(
    signer: IdentitySigner | null,
    toldOf: (subgraph: string) => ToldOfCallers,
    readRules: (subgraph: string) => HeaderRules,
  ) {
    this.#signer = signer;
    this.#toldOf = toldOf;
    this.#readRules = readRules;
  }

  /**
   * Whether what these subgraphs answer to queries and send to subscriptions is the same for all callers, as far as the
   * router tells them apart. Mutations are never shared.
   */
  areShared(subgraphs: Iterable<string>): boolean {
    if (this.#signer === null) return true;
    for (const subgraph of subgraphs) if (this.#toldOf(subgraph).identity === "subject") return false;
    return true;
  }

  /**
   * The headers for every subgraph that an operation reaches; at once where their tokens are known already. Where the
   * client is, too, is told only to subgraphs that learn who it is.
   */
  prepare(
    identity: CallerIdentity,
    subgraphs: Iterable<string>,
    { kind = "query", clientAddress = null, clientHeaders = null }: Request = {},
  ): HeadersFor | Promise<HeadersFor> {
    const signer = this.#signer;
    const headers = new Map<string, Headers>();
    const pending: Promise<void>[] = [];
    for (const subgraph of subgraphs) {
      const rules = this.#rulesOf(subgraph);
      const ruled = rules.isEmpty ? null : rules.headersFor(clientHeaders);
      if (signer === null) {
        if (ruled) headers.set(subgraph, ruled);
        continue;
      }
      const { identity: seen, turns } = this.#toldOf(subgraph);
      const seesSubject = seen === "subject" || (seen === "mutations" && kind === "mutation");
      const from = seesSubject ? originOf(clientAddress) : turns ? turnOf(signer, identity, clientAddress) : null;
      const token = signer.sign(seesSubject ? identity : ANONYMOUS, subgraph);
      if (typeof token === "string") headers.set(subgraph, { ...ruled, [IDENTITY_HEADER]: token, ...from });
      else {
        pending.push(
          token.then((signed) => void headers.set(subgraph, { ...ruled, [IDENTITY_HEADER]: signed, ...from })),
        );
      }
    }
    if (headers.size === 0 && pending.length === 0) return nothingFor;
    const headersFor: HeadersFor = (subgraph) => headers.get(subgraph) ?? NO_HEADERS;
    return pending.length === 0 ? headersFor : Promise.all(pending).then(() => headersFor);
  }

  #rulesOf(subgraph: string): HeaderRules {
    let rules = this.#rules.get(subgraph);
    if (!rules) this.#rules.set(subgraph, (rules = this.#readRules(subgraph)));
    return rules;
  }

  /** The router's own headers, for a request that it makes by itself. */
  async forRouter(subgraph: string): Promise<Record<string, string>> {
    return this.#signer === null ? NO_HEADERS : { [IDENTITY_HEADER]: await this.#signer.sign(ANONYMOUS, subgraph) };
  }
}

function originOf(address: string | null): Headers | null {
  return address === null ? null : { "x-forwarded-for": address };
}

/** Of the caller where one is known, else of the address, of IPv6 its network; what is done for several callers takes nobody's. */
function turnOf(signer: IdentitySigner, { subject }: CallerIdentity, address: string | null): Headers | null {
  if (subject !== null) return { [TURN_HEADER]: signer.turnOf(`user ${subject}`) };
  return address === null ? null : { [TURN_HEADER]: signer.turnOf(`address ${networkOf(address)}`) };
}
