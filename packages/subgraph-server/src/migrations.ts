import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Logger } from "@mib/service/log";
import pg from "pg";

export interface Migration {
  number: number;
  name: string;
  sql: string;
  checksum: string;
}

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;
const SCHEMA_NAME = /^[a-z][a-z0-9_]*$/;

/**
 * Brings a schema to the state that the folder's files `NNNN-name.sql` describe, each in a transaction of its own, one
 * process at a time. Refuses to run when an applied file was changed since, or when the schema is newer than the files.
 */
export async function migrate({
  url,
  schema,
  folder,
  log,
}: {
  url: string;
  schema: string;
  folder: URL;
  log: Logger;
}): Promise<void> {
  if (!SCHEMA_NAME.test(schema)) throw new Error(`${schema} is no name for a schema`);
  const migrations = await readMigrations(folder);
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: `${schema} migrations`,
  });
  await client.connect();
  try {
    // Held by the session, so it ends with it whatever happens to this process.
    await client.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [`migrations of ${schema}`]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await client.query(`SET search_path = ${schema}`);
    await client.query(
      "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
    );
    const applied = await client.query<{ number: number; name: string; checksum: string }>(
      "SELECT number, name, checksum FROM schema_migrations ORDER BY number",
    );
    for (const migration of pendingMigrations(migrations, applied.rows)) {
      await apply(client, migration);
      log.info({ schema, migration: `${migration.number}-${migration.name}` }, "migrated");
    }
  } finally {
    await client.end();
  }
}

/** The files that are not applied yet, in order. Throws when files and schema contradict each other. */
export function pendingMigrations(
  files: readonly Migration[],
  applied: readonly { number: number; name: string; checksum: string }[],
): readonly Migration[] {
  for (const [index, row] of applied.entries()) {
    const file = files[index];
    if (!file) throw new Error(`the data is of a newer version: migration ${row.number}-${row.name} is unknown here`);
    if (file.number !== row.number || file.checksum !== row.checksum) {
      throw new Error(
        `migration ${row.number}-${row.name} was applied with another content than ${file.number}-${file.name} has now`,
      );
    }
  }
  return files.slice(applied.length);
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (fileName, index) => {
      const match = FILE_NAME.exec(fileName);
      if (!match || Number(match[1]) !== index + 1)
        throw new Error(`migrations are numbered without a gap from 0001: ${fileName}`);
      const sql = await readFile(new URL(fileName, folder), "utf8");
      return {
        number: index + 1,
        name: match[2] as string,
        sql,
        checksum: createHash("sha256").update(sql).digest("hex"),
      };
    }),
  );
}

async function apply(client: pg.Client, { number, name, sql, checksum }: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(sql);
    await client.query("INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)", [
      number,
      name,
      checksum,
    ]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw new Error(`migration ${number}-${name} failed`, { cause: error });
  }
}
