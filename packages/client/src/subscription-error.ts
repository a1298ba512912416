import type { Errors, Loss } from "./transport.ts";

/** Why a subscription has ended for good. */
export class SubscriptionError extends Error {
  override readonly name = "SubscriptionError";
  /** `extensions.code` of the router's first error. */
  readonly code: string | null;
  /** The router's errors; none when it closed the connection. */
  readonly errors: Errors;
  /** The code with which the router closed the connection, 4403 for instance. */
  readonly closeCode: number | null;

  constructor(message: string, { errors = [], closeCode = null }: { errors?: Errors; closeCode?: number | null }) {
    super(message);
    this.errors = errors;
    this.code = codeOf(errors);
    this.closeCode = closeCode;
  }

  static ofErrors(errors: Errors): SubscriptionError {
    return new SubscriptionError(errors[0]?.message ?? "The subscription has failed.", { errors });
  }

  static ofLoss({ closeCode, reason }: Loss): SubscriptionError {
    return new SubscriptionError(`The connection was closed: ${reason || closeCode}.`, { closeCode });
  }
}

export function codeOf(errors: Errors): string | null {
  const code = errors[0]?.extensions?.["code"];
  return typeof code === "string" ? code : null;
}

/** For so long the router wants to be left alone. */
export function retryAfterMs(errors: Errors): number {
  const seconds = errors[0]?.extensions?.["retryAfterSeconds"];
  return typeof seconds === "number" ? seconds * 1_000 : 0;
}
