/** Which variable names a server that the tests shall use instead of one of their own. */
export const SERVER_VARIABLES = {
  postgres: "TEST_DATABASE_URL",
  redis: "TEST_REDIS_URL",
  kafka: "TEST_KAFKA_BROKERS",
  "vector-store": "TEST_QDRANT_URL",
} as const;

/** What the variable is called for a worker of vitest, counted from 1: the first one's has no suffix. */
export const variableOf = (variable: string, worker: number): string =>
  worker === 1 ? variable : `${variable}_${worker}`;
