/** What a column holds: RFC 3339 times and exact decimals come as text, as the API has them. */
export type ColumnKind = "TIME" | "DECIMAL" | "INTEGER" | "NUMBER" | "TEXT";

export interface Column {
  name: string;
  kind: ColumnKind;
}

/** Values in the order of the columns. */
export type Row = readonly (string | number | null)[];

/** Rows that come page by page, with what a reader must know of them. */
export interface Table {
  columns: readonly Column[];
  /** What the file says about itself: the query that made it, when, of what. */
  facts: Readonly<Record<string, string>>;
  pages: AsyncIterable<readonly Row[]>;
}

/** Writes a table as a file, piece by piece: no more than some pages of it are in memory. */
export type TableFormat = (table: Table) => AsyncGenerator<Uint8Array | string>;
