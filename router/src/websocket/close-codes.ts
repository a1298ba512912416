/** Close codes of the graphql-transport-ws protocol, and those of RFC 6455 that this router uses. */
export const CLOSE = {
  /** The process ends; clients come back. */
  serviceRestart: 1012,
  /** The client reads too slowly, or a part is missing that may be back soon; clients come back. */
  tryAgainLater: 1013,
  badRequest: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  subprotocolNotAcceptable: 4406,
  initialisationTimeout: 4408,
  subscriberAlreadyExists: 4409,
  tooManyInitialisationRequests: 4429,
} as const;

/** The longest reason that a close frame may carry. */
export const CLOSE_REASON_BYTES_MAX = 123;
