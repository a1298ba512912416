import type { Database, Queryable } from "@mib/subgraph-server/database";

/** check_violation: among others, a row that no partition is there for. */
const CHECK_VIOLATION = "23514";

export interface TablePartitionsOptions<Partition> {
  /** The partition that a table's name stands for; null for other tables. */
  named(name: string): Partition | null;
  /** Who makes partitions of this table holds the lock of this name. */
  lock: string;
  /** Of which table it is a partition, and its bounds as SQL has them: from the first value to the first one behind it. */
  placeOf(partition: Partition): { table: string; from: string; to: string };
}

/** The partitions of a table: each is made when the first row of its time comes, and dropped as a whole. */
export class TablePartitions<Partition extends { name: string }> {
  readonly #options: TablePartitionsOptions<Partition>;
  readonly #known = new Set<string>();

  constructor(options: TablePartitionsOptions<Partition>) {
    this.#options = options;
  }

  /** Makes the partitions that rows need and writes the rows, in the transaction that `client` is in. */
  async write<Result>(client: Queryable, needed: readonly Partition[], rows: () => Promise<Result>): Promise<Result> {
    await this.#make(client, needed);
    try {
      return await rows();
    } catch (error) {
      // Another process has dropped one that was known here: it is made when the same is tried again.
      if ((error as { code?: string }).code === CHECK_VIOLATION) this.#known.clear();
      throw error;
    }
  }

  /** After the commit these are there for good. */
  note(partitions: readonly Partition[]): void {
    for (const { name } of partitions) this.#known.add(name);
  }

  /** All that are there, with their bytes: those too that were detached to be dropped, and are not yet. */
  async list(database: Database): Promise<(Partition & { bytes: number })[]> {
    const { rows } = await database.query<{ name: string; bytes: string | null }>(
      `SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
       WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`,
    );
    return rows.flatMap(({ name, bytes }) => {
      const partition = this.#options.named(name);
      return partition === null ? [] : { ...partition, bytes: Number(bytes) };
    });
  }

  /**
   * Says which it has dropped. They are detached first, for which it waits until nobody reads the table that did so before; whoever
   * comes meanwhile need not wait, as everybody would for the lock that dropping an attached one takes.
   */
  async drop(database: Database, partitions: readonly Partition[]): Promise<string[]> {
    for (const partition of partitions) {
      const { name } = partition;
      await detach(database, name, this.#options.placeOf(partition).table);
      await database.query(`DROP TABLE IF EXISTS ${name}`);
      this.#known.delete(name);
    }
    return partitions.map(({ name }) => name);
  }

  async #make(client: Queryable, needed: readonly Partition[]): Promise<void> {
    const unknown = new Map(needed.filter(({ name }) => !this.#known.has(name)).map((each) => [each.name, each]));
    const missing = await missingOf(client, [...unknown.values()]);
    if (missing.length === 0) return;
    // Two writers must not make the same one at the same moment: the second would fail and not wait.
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [this.#options.lock]);
    for (const partition of await missingOf(client, missing)) await this.#add(client, partition);
  }

  /**
   * Makes it beside the table and attaches it, for which readers and writers of the others need not wait until the commit, as they
   * would for CREATE TABLE PARTITION OF. It is empty, so attaching has nothing to check and a CHECK would save nothing.
   */
  async #add(client: Queryable, partition: Partition): Promise<void> {
    const { name } = partition;
    const { table, from, to } = this.#options.placeOf(partition);
    await client.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING DEFAULTS)`);
    await client.query(`ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`);
  }
}

/** An earlier try may have done it, or begun: then it is finished. */
async function detach(database: Database, name: string, table: string): Promise<void> {
  const { rows } = await database.query<{ begun: boolean }>(
    "SELECT inhdetachpending AS begun FROM pg_inherits WHERE inhrelid = to_regclass($1)",
    [name],
  );
  const [attached] = rows;
  if (attached === undefined) return;
  await database.query(`ALTER TABLE ${table} DETACH PARTITION ${name} ${attached.begun ? "FINALIZE" : "CONCURRENTLY"}`);
}

async function missingOf<Partition extends { name: string }>(
  client: Queryable,
  partitions: readonly Partition[],
): Promise<Partition[]> {
  if (partitions.length === 0) return [];
  // Of the catalogue itself: to_regclass may answer from a cache that does not know yet what another transaction has committed.
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (
       SELECT FROM pg_class WHERE relname = name AND relnamespace = current_schema()::regnamespace)`,
    [partitions.map(({ name }) => name)],
  );
  const missing = new Set(rows.map(({ name }) => name));
  return partitions.filter(({ name }) => missing.has(name));
}
