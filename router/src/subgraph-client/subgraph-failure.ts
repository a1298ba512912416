import type { ErrorCode } from "@mib/service/error-catalogue";

/** Why a subgraph gave no usable answer, in words that a client may read: no address, no text of the subgraph's transport. */
export class SubgraphFailure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SubgraphFailure";
    this.code = code;
  }
}
