import startRealServers from "../../real-servers.ts";

/** A Redis to measure with: REDIS_URL's, else one of its own that ends with the benchmark. */
export async function benchRedis(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env["REDIS_URL"] ?? process.env["TEST_REDIS_URL"];
  if (given) return { url: given, stop: async () => {} };
  // The other servers are not needed: a value keeps them from being started.
  for (const name of ["TEST_DATABASE_URL", "TEST_KAFKA_BROKERS", "TEST_QDRANT_URL"]) process.env[name] ??= "unused";
  const stop = await startRealServers();
  return { url: process.env["TEST_REDIS_URL"]!, stop: async () => stop?.() };
}
