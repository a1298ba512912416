/**
 * Every error code that a client can see, with the HTTP status of a request that fails as a whole, what it means and
 * what to do about it. `docs/errors.md` shows the same table; a test holds them together.
 */
export const ERROR_CATALOGUE = {
  // requests
  BAD_REQUEST: { status: 400, meaning: "The request is not well formed.", remedy: "Correct the request." },
  GRAPHQL_PARSE_FAILED: {
    status: 400,
    meaning: "The document is not GraphQL.",
    remedy: "Correct the syntax at the location given.",
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    meaning: "The operation does not fit the schema.",
    remedy: "Correct the operation.",
  },
  BAD_USER_INPUT: {
    status: 400,
    meaning: "An argument has a value that is not allowed.",
    remedy: "Correct the argument named in the message.",
  },
  REQUEST_TOO_LARGE: {
    status: 413,
    meaning: "The request body is larger than the limit.",
    remedy: "Send a smaller request.",
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    meaning: "The request's headers are larger than the limit.",
    remedy: "Send fewer or smaller headers, cookies among them.",
  },
  IDEMPOTENCY_CONFLICT: {
    status: 409,
    meaning: "The idempotency key belongs to another request, or to one that is being worked on.",
    remedy: "Send the same body with the same key, after the first has its answer.",
  },
  REQUEST_TIMEOUT: {
    status: 408,
    meaning: "The request did not arrive in time.",
    remedy: "Send it at once and whole.",
  },
  OPERATION_LIMIT_EXCEEDED: {
    status: 400,
    meaning: "The operation is larger than a limit allows.",
    remedy: "Ask for less at once.",
  },
  RATE_LIMITED: { status: 429, meaning: "Too many requests.", remedy: "Wait as long as Retry-After says." },
  NOT_FOUND: { status: 404, meaning: "There is nothing here.", remedy: "Check the address or the id." },
  NOT_ACCEPTABLE: {
    status: 406,
    meaning: "No media type that the client accepts can carry the answer.",
    remedy: "Accept application/graphql-response+json or application/json.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    meaning: "The body has a media type that is not read here.",
    remedy: "Send application/json in UTF-8.",
  },
  BATCHING_NOT_SUPPORTED: {
    status: 400,
    meaning: "A request carries one operation.",
    remedy: "Send the operations one by one, or as fields of one.",
  },
  INTROSPECTION_DISABLED: {
    status: 400,
    meaning: "The schema cannot be asked for here.",
    remedy: "Use the published schema.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    meaning: "This address does not answer that method.",
    remedy: "Use a method that the Allow header names.",
  },
  INTERNAL_ERROR: {
    status: 500,
    meaning: "Something failed inside.",
    remedy: "Try again; report the request id when it stays.",
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    meaning: "The service is starting, stopping or lacks a part it needs.",
    remedy: "Try again shortly.",
  },
  TIMEOUT: { status: 504, meaning: "The answer took too long.", remedy: "Ask for less, or try again." },

  // callers
  UNAUTHENTICATED: { status: 401, meaning: "This needs a credential.", remedy: "Log in or send an API key." },
  CREDENTIAL_INVALID: {
    status: 401,
    meaning: "The credential is not valid or has expired.",
    remedy: "Refresh the session or use another key.",
  },
  ORIGIN_NOT_ALLOWED: {
    status: 403,
    meaning: "Pages of this origin may not use the API.",
    remedy: "Have the origin added to the allow-list (CORS_ORIGINS).",
  },
  FORBIDDEN: {
    status: 403,
    meaning: "The caller may not do this.",
    remedy: "Use an account with the role or scope named.",
  },
  IDENTITY_MISSING: {
    status: 401,
    meaning: "Subgraphs answer only the router.",
    remedy: "Send the request to the router.",
  },
  IDENTITY_INVALID: {
    status: 401,
    meaning: "The signed identity is forged, expired or for another subgraph.",
    remedy: "Send the request to the router.",
  },

  // federation
  OPERATION_NOT_SUPPORTED: {
    status: 501,
    meaning: "The operation uses something that the router does not support.",
    remedy: "Leave out what the message names.",
  },
  OPERATION_NOT_RESOLVABLE: {
    status: 400,
    meaning: "No subgraph can resolve what is asked.",
    remedy: "Leave out the field named in the message.",
  },
  SUBSCRIPTION_NOT_SUPPORTED: {
    status: 501,
    meaning: "Nothing feeds the subscription: its field is of a stream and names none.",
    remedy: "Use another subscription, or a query.",
  },
  STREAM_UNAVAILABLE: {
    status: 503,
    meaning: "The stream behind the subscription cannot be read.",
    remedy: "Try again shortly.",
  },
  STREAM_SOURCE_NOT_SUPPORTED: {
    status: 501,
    meaning:
      "A subscription field has a source that the router's store can't be: the supergraph is refused, at the start and later.",
    remedy: "Have streams that services fill (source: REDIS) in a Redis that is no cluster.",
  },
  STREAM_BUDGET_EXCEEDED: {
    status: 429,
    meaning: "The subscriptions of one client cost more than they may: fields and requests, times events.",
    remedy: "Select less, or listen to fewer or quieter channels; wait as long as retryAfterSeconds says.",
  },
  SUBSCRIPTION_LIMIT_EXCEEDED: {
    status: 429,
    meaning: "More subscriptions or channels than one client may have.",
    remedy: "End some before opening others.",
  },
  EVENT_STREAM_CONFLICT: {
    status: 409,
    meaning: "The event stream is claimed already, or has an operation with this id.",
    remedy: "Reserve another stream, or choose another operationId.",
  },
  STREAM_CURSOR_INVALID: {
    status: 400,
    meaning: "The cursor was not made by this platform, or was changed.",
    remedy: "Subscribe without it, or with one as it came.",
  },
  STREAM_NOT_RECOVERED: {
    status: 410,
    meaning: "The stream cannot go on at the cursor; `extensions.reason` says why.",
    remedy: "Fetch what is current and subscribe without the cursor.",
  },
  SLOW_CONSUMER: {
    status: 503,
    meaning:
      "The client takes nothing of what its subscriptions deliver, or what it was to be given later is gone; its connection is closed (a WebSocket with 1013).",
    remedy: "Connect again and subscribe to less, or read faster.",
  },
  SUBGRAPH_UNREACHABLE: { status: 502, meaning: "A subgraph cannot be reached.", remedy: "Try again shortly." },
  SUBGRAPH_TIMEOUT: {
    status: 504,
    meaning: "A subgraph did not answer in time.",
    remedy: "Ask for less, or try again.",
  },
  SUBGRAPH_CIRCUIT_OPEN: {
    status: 503,
    meaning: "A subgraph failed so often that it is not asked for a while.",
    remedy: "Try again shortly.",
  },
  SUBGRAPH_BAD_RESPONSE: {
    status: 502,
    meaning: "A subgraph answered with something that is no valid answer.",
    remedy: "Try again; report the request id when it stays.",
  },
  SUBGRAPH_ERROR: {
    status: 502,
    meaning: "A subgraph reported an error that has no code.",
    remedy: "Read the message; report the request id when it stays.",
  },

  // accounts
  EMAIL_INVALID: { status: 400, meaning: "This is not an email address.", remedy: "Correct the address." },
  EMAIL_TAKEN: {
    status: 409,
    meaning: "There is an account with this email address.",
    remedy: "Log in, or use another address.",
  },
  PASSWORD_TOO_WEAK: {
    status: 400,
    meaning: "The password is too easy to guess.",
    remedy: "Choose a longer one, as the message says.",
  },
  CREDENTIALS_INVALID: {
    status: 401,
    meaning: "Email address and password do not belong together.",
    remedy: "Try again, or sign up.",
  },
  REFRESH_TOKEN_INVALID: {
    status: 401,
    meaning: "The refresh token is unknown or has expired, or its session has ended.",
    remedy: "Log in.",
  },
  REFRESH_TOKEN_REUSED: {
    status: 401,
    meaning: "The refresh token was used before; its session is ended because somebody else may have it.",
    remedy: "Log in.",
  },
  API_KEY_NOT_FOUND: {
    status: 404,
    meaning: "The caller has no API key with this id.",
    remedy: "List the keys with `me { apiKeys { id } }`.",
  },
  API_KEY_LIMIT_EXCEEDED: {
    status: 400,
    meaning: "The caller has as many API keys as one may have.",
    remedy: "Revoke one that is not used any more.",
  },
  SCOPE_UNKNOWN: {
    status: 400,
    meaning: "There is no such scope.",
    remedy: "Choose from the scopes that the message names.",
  },

  // market data
  INSTRUMENT_NOT_FOUND: {
    status: 404,
    meaning: "No instrument has this symbol.",
    remedy: "Look it up with `instruments(filter: {text: …})`.",
  },
  ENGINE_UNAVAILABLE: { status: 503, meaning: "The engine cannot be reached.", remedy: "Try again shortly." },
  TRADES_NOT_WRITTEN_YET: {
    status: 503,
    meaning: "The engine has forgotten trades that are not written down yet, so the answer would have a hole.",
    remedy: "Try again shortly, or ask for newer trades.",
  },
  RANGE_TOO_LARGE: {
    status: 400,
    meaning: "The range holds more than one answer may carry.",
    remedy: "Ask for a smaller range.",
  },

  SENSOR_NOT_FOUND: {
    status: 404,
    meaning: "No sensor has this id.",
    remedy: "Look it up with `sensors`; an id is `<source>/<metric>`.",
  },

  // items given in
  ITEM_INVALID: {
    status: 400,
    meaning: "The item does not fit its schema, or has a field that is not known.",
    remedy: "Correct what the reason names, and give the item in again.",
  },
  ITEM_TIME_INVALID: {
    status: 400,
    meaning: "The item's time is no time of RFC 3339, does not exist, is before 1970 or in the future.",
    remedy: "Send the time with its zone, for instance 2026-03-04T14:30:00Z.",
  },
  ITEM_TOO_LARGE: { status: 413, meaning: "The item is larger than Kafka takes.", remedy: "Give in less of it." },
  SENSOR_UNKNOWN: {
    status: 400,
    meaning: "The reading is of a sensor that is not defined.",
    remedy: "Define the sensor first, then give the reading in again.",
  },
  SENSOR_UNIT_DIFFERS: {
    status: 400,
    meaning: "The reading is in another unit than its sensor measures in.",
    remedy: "Convert the value, or leave the unit out.",
  },
  TOO_MANY_SENSORS: {
    status: 409,
    meaning: "As many sensors are defined as there may be.",
    remedy: "Measure something else with one that is there.",
  },

  // briefs
  DAY_NOT_KEPT: {
    status: 404,
    meaning: "Nothing is kept of that day.",
    remedy: "Ask for a day between `oldest` and `newest`, which the error names.",
  },

  // models
  TOO_FEW_BARS: {
    status: 400,
    meaning: "There are too few bars to learn from, or to judge a forecast by.",
    remedy: "Choose a longer range, or a measure that needs fewer bars.",
  },
  MODEL_LOOKS_AHEAD: {
    status: 500,
    meaning: "A forecast depended on bars from after it, so the result was thrown away.",
    remedy: "Report the model: this is a fault of the platform.",
  },

  MODEL_NOT_FOUND: { status: 404, meaning: "There is no model with this id.", remedy: "Read the ids with `models`." },
  MODEL_NOT_BETTER: {
    status: 409,
    meaning: "The model does not beat its naive baseline, or was not held against the champion, or is worse than that.",
    remedy: "Keep the champion, train again beside it, or promote the model with `force` and say why.",
  },
  MODEL_NOT_CHAMPION: {
    status: 409,
    meaning: "Only the champion can be rolled back, and the model is not, or no longer.",
    remedy: "Read who is with `models(championsOnly: true)`.",
  },
  NO_EARLIER_CHAMPION: {
    status: 409,
    meaning: "Nothing was champion before the model.",
    remedy: "Promote another model.",
  },
  MODEL_JOB_NOT_FOUND: {
    status: 404,
    meaning: "The caller has no job with this id.",
    remedy: "Use the id that `trainModel` or `backtest` answered.",
  },
  TOO_MANY_MODEL_JOBS: {
    status: 429,
    meaning: "As many jobs wait or run as a user, or all together, may have.",
    remedy: "Wait until one has ended, or cancel one.",
  },
  ANALYTICS_QUEUE_FULL: {
    status: 429,
    meaning: "As many queries that look at many bars wait as a caller, or all together, may have.",
    remedy: "Wait for the answers to some of them, or ask for less at once.",
  },

  // alerts
  ALERT_RULE_NOT_FOUND: {
    status: 404,
    meaning: "The caller has no alert rule with this id.",
    remedy: "Read the ids with `me { alerts { id } }`.",
  },
  TOO_MANY_ALERT_RULES: {
    status: 409,
    meaning: "The caller has as many alert rules as one may have.",
    remedy: "Delete one first.",
  },
  NEWS_WATCH_NOT_FOUND: {
    status: 404,
    meaning: "The caller has no news watch with this id.",
    remedy: "Read the ids with `me { newsWatches { id } }`.",
  },
  TOO_MANY_NEWS_WATCHES: {
    status: 409,
    meaning: "The caller has as many news watches as one may have.",
    remedy: "Delete one first.",
  },

  // commands
  REBUILD_REFUSED: {
    status: 409,
    meaning: "What is to be rebuilt is in use or not there, or Kafka has less than was read of it.",
    remedy: "Do what the message says, then rebuild again.",
  },

  // search
  EMBEDDING_MODEL_MISMATCH: {
    status: 503,
    meaning: "A collection of the vector store has other vectors than this process makes.",
    remedy: "Rebuild the collections: `npm run rebuild -- vector-search`.",
  },
  SEARCH_QUERY_INVALID: {
    status: 400,
    meaning: "The search is empty or too long.",
    remedy: "Say in a sentence what to look for.",
  },
  SEARCH_UNAVAILABLE: { status: 503, meaning: "The vector store cannot be reached.", remedy: "Try again shortly." },
} as const satisfies Record<string, { status: number; meaning: string; remedy: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
