import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const NAMES_A_SERVER = /\bTEST_(DATABASE_URL|REDIS_URL|REDIS_SERVER|KAFKA_BROKERS|QDRANT_URL)\b|@mib\/testkit\/servers/;
const RELATIVE_IMPORT = /from "(\.{1,2}\/[^"]+\.ts)"/g;

/** Whether a test, or a file of the same workspace that it imports, asks for a real server. */
export function needsServers(file: string, seen = new Set<string>()): boolean {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  if (NAMES_A_SERVER.test(text)) return true;
  return [...text.matchAll(RELATIVE_IMPORT)].some(([, path]) => needsServers(join(dirname(file), path!), seen));
}
