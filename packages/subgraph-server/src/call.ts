import type { IncomingHttpHeaders } from "node:http";
import type { CallerIdentity } from "@mib/identity/caller-identity";

/** What is known of a request beside who sent it. */
export interface RequestDetails {
  /** The client's address as the router saw it; null when the router doesn't say, as for `identity: none`. */
  readonly clientAddress: string | null;
  /**
   * Whose turn the request takes: a name of the caller, who can't be known by it. Null where the router doesn't say, or the
   * request is made for several callers.
   */
  readonly turn: string | null;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client goes away or the request's time is over. */
  readonly signal: AbortSignal;
}

/** A request on its way through the server. */
export interface Call {
  identity: CallerIdentity;
  details: RequestDetails;
  /** Ends the request's signal. */
  abort: (reason: Error) => void;
}

/** What the server's plugins find in the context, beside what the subgraph puts there. */
export interface ServerContext {
  call: Call;
}
