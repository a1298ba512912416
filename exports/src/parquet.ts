import { parseSumE9 } from "@mib/protocol/decimal";
import { parseNanos } from "@mib/protocol/instant";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { Column, ColumnKind, Row, Table } from "./table.ts";

const ROWS_PER_GROUP = 10_000;

/**
 * Parquet: a row group for each 10 000 rows, Snappy, times as TIMESTAMP in nanoseconds of UTC, prices and sizes as exact
 * DECIMAL(38, 9). The facts are the file's key-value metadata, each as `mib.<name>`.
 */
export async function* parquetOf({ columns, facts, pages }: Table): AsyncGenerator<Uint8Array> {
  const bytes = new ByteWriter();
  const take = (): Uint8Array => {
    const chunk = bytes.getBytes().slice();
    bytes.index = 0;
    return chunk;
  };
  const file = new ParquetWriter({
    writer: bytes,
    schema: [{ name: "root", num_children: columns.length }, ...columns.map(elementOf)],
    kvMetadata: Object.entries(facts).map(([name, value]) => ({ key: `mib.${name}`, value })),
    createdBy: "market-intel-brain",
  });
  const write = (rows: readonly Row[]) =>
    file.write({
      columnData: columns.map(({ name, kind }, at) => ({
        name,
        data: rows.map((row) => valueOf(kind, row[at] ?? null)),
        // An index per page would be kept in memory until the end.
        offsetIndex: false,
      })),
      rowGroupSize: ROWS_PER_GROUP,
    });
  let waiting: Row[] = [];
  for await (const rows of pages) {
    waiting.push(...rows);
    while (waiting.length >= ROWS_PER_GROUP) {
      await write(waiting.slice(0, ROWS_PER_GROUP));
      waiting = waiting.slice(ROWS_PER_GROUP);
      yield take();
    }
  }
  if (waiting.length > 0) await write(waiting);
  await file.finish();
  yield take();
}

const DECIMAL_BYTES = 16;

function elementOf({ name, kind }: Column): SchemaElement {
  const common = { name, repetition_type: "OPTIONAL" } as const;
  switch (kind) {
    case "TIME":
      return { ...common, type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" } };
    case "DECIMAL":
      return {
        ...common,
        type: "FIXED_LEN_BYTE_ARRAY",
        type_length: DECIMAL_BYTES,
        converted_type: "DECIMAL",
        precision: 38,
        scale: 9,
        logical_type: { type: "DECIMAL", precision: 38, scale: 9 },
      };
    case "INTEGER":
      return { ...common, type: "INT64" };
    case "NUMBER":
      return { ...common, type: "DOUBLE" };
    case "TEXT":
      return { ...common, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };
  }
}

function valueOf(kind: ColumnKind, value: string | number | null): bigint | number | string | null {
  if (value === null) return null;
  if (kind === "TIME") return parseNanos(String(value));
  if (kind === "DECIMAL") return parseSumE9(String(value));
  if (kind === "INTEGER") return BigInt(value);
  return value;
}
