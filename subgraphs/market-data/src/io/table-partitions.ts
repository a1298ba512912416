import type { Database, Queryable } from "@mib/subgraph-server/database";

/** check_violation: among others, a row that no partition is there for. */
const CHECK_VIOLATION = "23514";

export interface TablePartitionsOptions<Partition> {
  /** Who makes partitions of this table holds the lock of this name. */
  lock: string;
  /** Of what it is a partition and for which values, as CREATE TABLE says it. */
  definitionOf(partition: Partition): string;
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

  /** Says which it has dropped. */
  async drop(database: Database, partitions: readonly Partition[]): Promise<string[]> {
    for (const { name } of partitions) {
      await database.query(`DROP TABLE IF EXISTS ${name}`);
      this.#known.delete(name);
    }
    return partitions.map(({ name }) => name);
  }

  async #make(client: Queryable, needed: readonly Partition[]): Promise<void> {
    const missing = new Map(needed.filter(({ name }) => !this.#known.has(name)).map((each) => [each.name, each]));
    if (missing.size === 0) return;
    // Two writers must not make the same one at the same moment: the second would fail and not wait.
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [this.#options.lock]);
    for (const partition of missing.values())
      await client.query(`CREATE TABLE IF NOT EXISTS ${partition.name} ${this.#options.definitionOf(partition)}`);
  }
}
