import fc from "fast-check";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { describe, expect, test } from "vitest";
import { csvOf } from "./csv.ts";
import { readExportRequest } from "./export-request.ts";
import { parquetOf } from "./parquet.ts";
import type { Column, Row, Table } from "./table.ts";

const COLUMNS: readonly Column[] = [
  { name: "at", kind: "TIME" },
  { name: "price", kind: "DECIMAL" },
  { name: "count", kind: "INTEGER" },
  { name: "value", kind: "NUMBER" },
  { name: "text", kind: "TEXT" },
];
const FACTS = { query: "{ a\n  b }", variables: '{"symbol":"B"}' };

const tableOf = (...pages: Row[][]): Table => ({
  columns: COLUMNS,
  facts: FACTS,
  pages: (async function* () {
    yield* pages;
  })(),
});

async function written(chunks: AsyncIterable<Uint8Array | string>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk as string));
  return Buffer.concat(parts);
}

/** The whole file, with decimals as they are in it: 1e-9. */
async function readParquet(file: Buffer) {
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
  return { metadata: parquetMetadata(bytes), rows: await parquetReadObjects({ file: bytes }) };
}

describe("CSV", () => {
  test("comments say what made it, then come the names and the rows, quoted where they must be", async () => {
    const table = tableOf(
      [["2024-08-08T12:00:00.000000001Z", "0.1", 3, -0.5, 'a "b", c\n']],
      [],
      [["x", null, null, null, null]],
    );
    expect((await written(csvOf(table))).toString()).toBe(
      [
        "# query: { a b }",
        '# variables: {"symbol":"B"}',
        "at,price,count,value,text",
        '2024-08-08T12:00:00.000000001Z,0.1,3,-0.5,"a ""b"", c\n"',
        "x,,,,",
        "",
      ].join("\r\n"),
    );
  });
});

describe("Parquet", () => {
  test("what is written is read back to its last digit, nulls included, with the query in its metadata", async () => {
    const file = await written(
      parquetOf(
        tableOf(
          [["2024-08-08T12:00:00.000000001Z", "12345678901234567890.123456789", 9_007_199_254_740_991, 0.1, "é"]],
          [[null, null, null, null, null]],
        ),
      ),
    );
    const { metadata } = await readParquet(file);
    expect(metadata.num_rows).toBe(2n);
    expect(Object.fromEntries(metadata.key_value_metadata!.map(({ key, value }) => [key, value]))).toEqual({
      "mib.query": FACTS.query,
      "mib.variables": FACTS.variables,
    });
    expect(metadata.schema.slice(1).map(({ name, type }) => [name, type])).toEqual([
      ["at", "INT64"],
      ["price", "FIXED_LEN_BYTE_ARRAY"],
      ["count", "INT64"],
      ["value", "DOUBLE"],
      ["text", "BYTE_ARRAY"],
    ]);
    // 12345678901234567890.123456789 in units of 1e-9, big-endian, as it stands in the file.
    const unscaled = Buffer.from(12345678901234567890123456789n.toString(16).padStart(32, "0"), "hex");
    const plain = await written(
      parquetOf(tableOf([["2024-08-08T12:00:00Z", "12345678901234567890.123456789", 1, 1, "x"]])),
    );
    expect(plain.includes(unscaled)).toBe(true);
  });

  test("however rows come in pages, all are there once and in order, in groups of ten thousand", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 9_000 }), { maxLength: 5 }), async (sizes) => {
        let next = 0;
        const pages = sizes.map((size) => Array.from({ length: size }, (): Row => [null, "1.5", next++, null, null]));
        const { metadata, rows } = await readParquet(await written(parquetOf(tableOf(...pages))));
        expect(rows.map(({ count }) => Number(count))).toEqual(Array.from({ length: next }, (_, at) => at));
        expect(metadata.row_groups).toHaveLength(Math.ceil(next / 10_000));
        if (next > 0) expect(rows[0]).toMatchObject({ price: 1.5, text: null });
      }),
      { numRuns: 25 },
    );
  });

  test("a long file is given out as it is made", async () => {
    let pages = 0;
    const table = tableOf();
    const chunks = parquetOf({
      ...table,
      pages: (async function* () {
        for (; ; pages += 1)
          yield Array.from({ length: 1_000 }, (_, at): Row => [
            null,
            `${pages}.${at + 1}`.replace(/0+$/, ""),
            at,
            at / 7,
            "BUY",
          ]);
      })(),
    });
    for (let chunk = 1; chunk <= 5; chunk += 1) {
      expect((await chunks.next()).value?.length).toBeLessThan(1_000_000);
      expect(pages).toBeLessThanOrEqual(chunk * 10);
    }
    await chunks.return(undefined);
  });
});

describe("requests", () => {
  test("a path and its parameters say what is wanted", () => {
    expect(
      readExportRequest("/exports/bars.csv?symbol=BTC%2FUSD.KRAKEN&interval=M1&from=2024-08-08T00:00:00Z"),
    ).toEqual({
      of: "bars",
      format: "csv",
      parameters: { symbol: "BTC/USD.KRAKEN", interval: "M1", from: "2024-08-08T00:00:00Z" },
    });
    expect(
      readExportRequest(
        `/exports/indicators.parquet?symbol=B&interval=D1&from=2024-08-08T00:00:00Z&indicator=${encodeURIComponent('{"kind":"RSI"}')}`,
      ),
    ).toMatchObject({ of: "indicators", format: "parquet", parameters: { indicator: { kind: "RSI" } } });
    expect(readExportRequest("/exports/books.csv")).toBeNull();
    expect(readExportRequest("/")).toBeNull();
  });

  test.each([
    ["bars.csv?symbol=B&interval=M1", "from"],
    ["bars.csv?symbol=B&interval=M2&from=2024-08-08T00:00:00Z", "interval"],
    ["trades.csv?symbol=B&from=yesterday", "from"],
    ["trades.csv?symbol=B&limit=5", "limit"],
    ["trades.csv?symbol=B&symbol=C", "symbol"],
    ["indicators.csv?symbol=B&interval=M1&from=2024-08-08T00:00:00Z&indicator=RSI", "indicator"],
  ])("%s is refused for %s", (path, argument) => {
    expect(() => readExportRequest(`/exports/${path}`)).toThrow(
      expect.objectContaining({ code: "BAD_USER_INPUT", details: { argument } }),
    );
  });
});
