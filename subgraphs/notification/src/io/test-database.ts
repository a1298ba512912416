import { createService, type Service } from "@mib/service/run";
import { type Database, openDatabase } from "@mib/subgraph-server/database";
import { createTestDatabase } from "@mib/testkit/servers";

export interface MigratedDatabase {
  url: string;
  pool: Database;
  /** Whose shutdown closes the pool. */
  service: Service;
  drop(): Promise<void>;
}

/** A database of a test's own, with notification's tables. */
export async function createMigratedDatabase(label: string, connectionsMax = 5): Promise<MigratedDatabase> {
  const { url, drop } = await createTestDatabase(label);
  const service = createService("notification");
  const migrations = new URL("../../migrations/", import.meta.url);
  const pool = await openDatabase(service, { url, schema: "notification", migrations, connectionsMax });
  return {
    url,
    pool,
    service,
    async drop() {
      await service.shutdown("end of the test");
      await drop();
    },
  };
}
