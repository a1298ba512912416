import { stringify } from "csv-stringify/sync";
import type { Table } from "./table.ts";

/**
 * CSV of RFC 4180 with the names of the columns, after comment lines that say what the file is (pandas: comment="#"). Empty
 * means null.
 */
export async function* csvOf({ columns, facts, pages }: Table): AsyncGenerator<string> {
  yield Object.entries(facts)
    .map(([name, value]) => `# ${name}: ${value.replace(/\s+/g, " ")}\r\n`)
    .join("");
  yield lines([columns.map(({ name }) => name)]);
  for await (const rows of pages) if (rows.length > 0) yield lines(rows);
}

function lines(rows: readonly (readonly unknown[])[]): string {
  return stringify(rows as unknown[][], { record_delimiter: "\r\n" });
}
