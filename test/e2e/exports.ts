import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { eventually } from "@mib/testkit/eventually";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { beforeAll, describe, expect, test } from "vitest";
import type { Analyst } from "./analyst.ts";
import { graphql } from "./graphql.ts";
import type { Stack } from "./stack.ts";

const run = promisify(execFile);
const DEADLINE_MS = 300_000;
const SYMBOL = "BTCUSDT";

let stack: Stack;
let exports: string;
let briefs: string;
let session: Record<string, string>;
let keys: Record<"exporting" | "reading", Record<string, string>>;

async function prepare(running: { stack: Stack; analyst: Analyst }): Promise<void> {
  stack = running.stack;
  exports = `${stack.adminUrl("exports")}/exports`;
  briefs = `${stack.adminUrl("exports")}/briefs`;
  session = await running.analyst.logIn(stack.routerUrl);
  const keyWith = async (scopes: string[]) => {
    const create = 'mutation ($scopes: [String!]!) { createApiKey(name: "test", scopes: $scopes) { secret } }';
    return { "x-api-key": (await ask(create, { scopes }, session)).createApiKey.secret as string };
  };
  keys = { exporting: await keyWith(["export:read"]), reading: await keyWith(["market:read"]) };
}

async function ask(query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
  const answer = await graphql(stack.routerUrl, query, { variables, headers });
  expect(answer.errors).toBeUndefined();
  return answer.data;
}

const get = (path: string, headers: Record<string, string> = keys.exporting) =>
  fetch(`${exports}/${path}`, { headers });

/** Comment lines as name and value, and the rows by the names of their columns. */
async function csv(response: Response) {
  expect(response.status).toBe(200);
  const lines = (await response.text()).trimEnd().split("\r\n");
  const comments = lines.filter((line) => line.startsWith("# "));
  const [names, ...rows] = lines.slice(comments.length).map((line) => line.split(","));
  return {
    facts: Object.fromEntries(
      comments.map(
        (line) =>
          line
            .slice(2)
            .split(/: (.*)/)
            .slice(0, 2) as [string, string],
      ),
    ),
    rows: rows.map((row) => Object.fromEntries(names!.map((name, at) => [name, row[at]!]))),
  };
}

/** The bars of the last hours, when there are some. */
async function someBars() {
  const query = `query ($symbol: ID!) { instrument(symbol: $symbol) { bars(interval: M1, last: 300) {
    openedAt open high low close volume vwap tradeCount revision final } } }`;
  const bars = await eventually(
    async () => {
      const { instrument } = await ask(query, { symbol: SYMBOL });
      expect(instrument.bars.length).toBe(300);
      return instrument.bars as (Record<string, string | number> & { openedAt: string; final: boolean })[];
    },
    { deadlineMs: DEADLINE_MS },
  );
  // Two minutes old, so that no late trade changes it between two readings.
  return bars.slice(0, -2);
}

/** Asks a stack that runs the simulator for files and pages. */
export function testExports(running: () => { stack: Stack; analyst: Analyst }): void {
  describe("exports", () => {
    beforeAll(() => prepare(running()));

    test("a CSV of bars has what the API has, and says what made it", async () => {
      const bars = await someBars();
      const range = `from=${bars[0]!.openedAt}&to=${bars.at(-1)!.openedAt}`;
      const { facts, rows } = await csv(await get(`bars.csv?symbol=${SYMBOL}&interval=M1&${range}`));
      expect(rows).toEqual(
        bars
          .slice(0, -1)
          .map((bar) =>
            Object.fromEntries(
              Object.entries(bar).flatMap(([name, value]) => (name === "final" ? [] : [[name, String(value)]])),
            ),
          ),
      );
      expect(facts).toMatchObject({ source: "SIMULATED" });
      const again = await ask(facts.query!, JSON.parse(facts.variables!));
      expect(again.instrument.bars).toHaveLength(rows.length);
    });

    test("a Parquet file of bars has the same, with the query in its metadata", async () => {
      const bars = await someBars();
      const range = `from=${bars[0]!.openedAt}&to=${bars.at(-1)!.openedAt}`;
      const response = await get(`bars.parquet?symbol=${SYMBOL}&interval=M1&${range}`, session);
      expect(response.headers.get("content-disposition")).toContain(`bars-${SYMBOL}.parquet`);
      const file = await response.arrayBuffer();
      const rows = await parquetReadObjects({ file });
      // This reader multiplies a decimal by 1e-9; in the file it is exact.
      expect(rows.map(({ close, tradeCount }) => [Number(close).toFixed(6), Number(tradeCount)])).toEqual(
        bars.slice(0, -1).map(({ close, tradeCount }) => [Number(close).toFixed(6), tradeCount]),
      );
      const metadata = parquetMetadata(file).key_value_metadata!.map(({ key }) => key);
      expect(metadata).toEqual(["mib.query", "mib.variables", "mib.source", "mib.exportedAt"]);
    });

    test("trades come beyond what the engine remembers, each once and in order", async () => {
      const trades = await eventually(
        async () => {
          const { rows } = await csv(await get(`trades.csv?symbol=${SYMBOL}`));
          expect(rows.length).toBeGreaterThan(1_100);
          return rows;
        },
        { deadlineMs: DEADLINE_MS },
      );
      const ids = trades.map(({ id }) => Number(id));
      expect(ids).toEqual(Array.from({ length: ids.length }, (_, at) => ids[0]! + at));
    });

    test("an indicator's lines are those of the API", async () => {
      await someBars();
      const indicator = encodeURIComponent('{"kind":"MACD"}');
      const from = "2026-01-01T00:00:00Z";
      const { rows } = await csv(
        await get(`indicators.csv?symbol=${SYMBOL}&interval=D1&from=${from}&indicator=${indicator}`),
      );
      const { instrument } = await ask(
        `{ instrument(symbol: "${SYMBOL}") { indicatorSeries(interval: D1, indicator: { kind: MACD }, from: "${from}", first: 5) { lines nodes { openedAt values } } } }`,
      );
      const { lines, nodes } = instrument.indicatorSeries;
      expect(rows.slice(0, 5)).toEqual(
        nodes.map(({ openedAt, values }: { openedAt: string; values: (number | null)[] }) =>
          Object.fromEntries([
            ["openedAt", openedAt],
            ...lines.map((name: string, at: number) => [name, String(values[at] ?? "")]),
          ]),
        ),
      );
    });

    test("a brief is a page of what the API says of the same day", async () => {
      await eventually(
        async () => {
          const { instrument } = await ask(
            `{ instrument(symbol: "${SYMBOL}") { brief { bars { nodes { close } } } } }`,
          );
          expect(instrument.brief.bars?.nodes.length).toBeGreaterThan(1);
        },
        { deadlineMs: DEADLINE_MS },
      );
      const response = await fetch(`${briefs}/instruments/${SYMBOL}.html`, { headers: session });
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
      const page = await response.text();
      const { instrument } = await ask(`{ instrument(symbol: "${SYMBOL}") { name brief { date } } }`);
      for (const part of [instrument.name, instrument.brief.date, "Prices are simulated", "<svg "])
        expect(page).toContain(part);
      const later = new Date(Date.parse(instrument.brief.date) + 2 * 86_400_000).toISOString().slice(0, 10);
      const refused = await fetch(`${briefs}/market.html?date=${later}`, { headers: session });
      expect([refused.status, (await refused.json()).errors[0].extensions.code]).toEqual([400, "BAD_USER_INPUT"]);
    });

    test.each([
      ["without a credential", "trades.csv?symbol=BTCUSDT", () => ({}), 401, "UNAUTHENTICATED"],
      [
        "with a wrong one",
        "trades.csv?symbol=BTCUSDT",
        () => ({ "x-api-key": "mib_live_wrong" }),
        401,
        "CREDENTIAL_INVALID",
      ],
      ["with a key that lacks the scope", "trades.csv?symbol=BTCUSDT", () => keys.reading, 403, "FORBIDDEN"],
      [
        "of an instrument that there is not",
        "trades.csv?symbol=NOPE",
        () => keys.exporting,
        404,
        "INSTRUMENT_NOT_FOUND",
      ],
      ["with a wrong parameter", "bars.csv?symbol=BTCUSDT", () => keys.exporting, 400, "BAD_USER_INPUT"],
      [
        "of an unknown kind of indicator",
        `indicators.csv?symbol=BTCUSDT&interval=M1&from=2026-01-01T00:00:00Z&indicator={"kind":"X"}`,
        () => keys.exporting,
        400,
        "BAD_USER_INPUT",
      ],
      ["of something else", "books.csv?symbol=BTCUSDT", () => keys.exporting, 404, "NOT_FOUND"],
    ])("an export %s is refused", async (_, path, headers, status, code) => {
      const response = await get(path, headers());
      expect([response.status, (await response.json()).errors[0].extensions.code]).toEqual([status, code]);
    });

    test("docs/cookbook.md's commands run", async () => {
      const blocks = readFileSync("docs/cookbook.md", "utf8").matchAll(/```sh\n(curl[\s\S]*?)```/g);
      const here = (text: string) => text.replaceAll("http://localhost:4006", stack.adminUrl("exports"));
      const commands = [...blocks].flatMap(([, block]) => here(block!).trim().split("\n"));
      expect(commands).toHaveLength(5);
      const env = { ...process.env, KEY: keys.exporting["x-api-key"] };
      for (const command of commands) {
        const { stdout } = await run("sh", ["-c", command], { env, maxBuffer: 1e9, encoding: "buffer" });
        expect(stdout.length, command).toBeGreaterThan(500);
      }
    });
  });
}
