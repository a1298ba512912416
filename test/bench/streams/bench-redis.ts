import { startServers } from "../../real-servers.ts";

/** A Redis to measure with: REDIS_URL's, else one of its own that ends with the benchmark. */
export async function benchRedis(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env["REDIS_URL"] ?? process.env["TEST_REDIS_URL"];
  if (given) return { url: given, stop: async () => {} };
  const stop = await startServers(["redis"]);
  return { url: process.env["TEST_REDIS_URL"]!, stop: stop };
}
