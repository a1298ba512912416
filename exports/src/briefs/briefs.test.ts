import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBriefRequest } from "./brief-request.ts";
import { changeChart } from "./change-chart.ts";
import { forecastChart } from "./forecast-chart.ts";
import { instrumentPage } from "./instrument-page.ts";
import { marketPage } from "./market-page.ts";
import { foreign, isolated, Markup, markup } from "./markup.ts";
import { priceChart } from "./price-chart.ts";
import { scaleOf } from "./scale.ts";
import { headline } from "./sections.ts";
import { shareChart } from "./share-chart.ts";
import { CONTENT_POLICY, STYLE } from "./style.ts";
import { briefsOf, FACTS } from "./test-briefs.ts";

/** Text that wants out: ends of tags, attributes, comments and styles, other directions, halves of characters. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        '"><script>alert(1)</script>',
        "</style>",
        "</title>",
        "-->",
        "&lt;",
        "' onload='x",
        "\u202E",
        "\u2067",
      ),
      fc.constantFrom("\u2069", "\uD800", "\u0000", "שלום", "</svg>", "]]>", "${x}", "\r\n"),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

/** The text of markup, as a reader has it. */
const textOf = (text: string): string =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

describe("markup", () => {
  test("text that is put into it is there, and can't end its place", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const [, inAttribute, inElement] = /^<p title="([^]*?)">([^]*)<\/p>$/.exec(
          markup`<p title="${text}">${text}</p>`.toString(),
        )!;
        expect(inAttribute).toBe(inElement);
        expect(inElement).not.toMatch(/[<>"'\u202A-\u202E\u2066-\u2069]|&(?!(amp|lt|gt|quot|#39);)/);
        expect(inElement!.isWellFormed()).toBe(true);
        expect(textOf(inElement!)).toBe(
          text
            .toWellFormed()
            .replace(/[\u202A-\u202E\u2066-\u2069]/g, "")
            .replace(/(?![\t\n\r])\p{Cc}/gu, "\uFFFD"),
        );
      }),
    );
  });

  test("markup in markup stays, lists are joined, and nothing is nothing", () => {
    expect(
      markup`<ul>${[1, 2].map((item) => markup`<li>${item}</li>`)}${null}${false}${undefined}${0}</ul>`.toString(),
    ).toBe("<ul><li>1</li><li>2</li>0</ul>");
    expect(() => new Markup(Symbol("forged") as never, "<b>")).toThrow();
  });

  test("what somebody else wrote has a direction of its own", () => {
    expect(foreign("שלום\u202E").toString()).toBe('<bdi dir="auto">שלום</bdi>');
    expect(isolated("a\u2069b").toString()).toBe("&#x2068;ab&#x2069;");
  });
});

describe("charts", () => {
  const anyNumber = fc.double({ min: -1e12, max: 1e12, noNaN: true });
  /** Every number of a shape is one, and within the chart. */
  function expectWithin(svg: Markup): void {
    const text = svg.toString();
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
    const [, width, height] = /viewBox="0 0 (\d+) ([\d.]+)"/.exec(text)!.map(Number) as [number, number, number];
    for (const [, name, value] of text.matchAll(/ (x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"]+)"/g)) {
      expect(Number(value), `${name}=${value}`).toBeGreaterThanOrEqual(0);
      expect(Number(value), `${name}=${value}`).toBeLessThanOrEqual(
        name!.includes("y") || name === "height" ? height : width,
      );
    }
    for (const [, way] of text.matchAll(/ d="([^"]*)"/g))
      for (const [, x, y] of way!.matchAll(/[ML](\S+) ([^MLZ]+)/g)) {
        expect(Number(x)).toBeLessThanOrEqual(width);
        expect(Number(y)).toBeLessThanOrEqual(height);
        expect(Math.min(Number(x), Number(y))).toBeGreaterThanOrEqual(0);
      }
  }

  test("a scale keeps order and has round ticks within it, whatever the values", () => {
    fc.assert(
      fc.property(fc.array(anyNumber, { minLength: 1 }), (values) => {
        const { at, ticks } = scaleOf(values, [0, 100]);
        for (const value of values) expect(at(value)).toBeGreaterThan(0);
        for (const value of values) expect(at(value)).toBeLessThan(100);
        expect(ticks.length).toBeLessThanOrEqual(6);
        for (const tick of ticks) expect(at(tick)).toBeGreaterThanOrEqual(-1e-6);
        for (const tick of ticks) expect(at(tick)).toBeLessThanOrEqual(100 + 1e-6);
      }),
    );
    expect(scaleOf([0, 10], [0, 1]).ticks).toEqual([0, 5, 10]);
    for (const value of [0, 5, -1e-300]) expect(scaleOf([value, value], [0, 100]).at(value)).toBeCloseTo(50, 9);
  });

  test("stay within their frame, whatever the numbers", () => {
    const percents = fc.array(fc.record({ label: anyText, percent: anyNumber }), { minLength: 1, maxLength: 20 });
    fc.assert(fc.property(percents, (rows) => expectWithin(changeChart(rows))));
    const maybe = fc.option(anyNumber);
    const points = fc.array(
      fc.record({
        value: anyNumber,
        baseline: anyNumber,
        lower: maybe,
        upper: maybe,
        actual: maybe,
        inSample: fc.boolean(),
      }),
      { minLength: 1, maxLength: 60 },
    );
    const times = { at: "2026-03-04T00:00:00Z", until: "2026-03-05T00:00:00Z" };
    fc.assert(
      fc.property(points, (found) =>
        expectWithin(
          forecastChart(
            "t",
            found.map((point) => ({ ...times, ...point })),
          ),
        ),
      ),
    );
    const price = fc.double({ min: 1e-9, max: 1e12, noNaN: true });
    const bars = fc.array(fc.record({ high: price, low: price, close: price, volume: price }), {
      minLength: 1,
      maxLength: 288,
    });
    fc.assert(
      fc.property(bars, (found) => {
        const start = Date.parse(times.at);
        // A close is between its bar's low and high.
        const day = found.map(({ high, low, volume }, at) => ({
          openedAt: new Date(start + at * 300_000).toISOString(),
          high: Math.max(high, low),
          low: Math.min(high, low),
          close: low,
          volume,
        }));
        expectWithin(priceChart(day, { from: times.at, lengthMs: 86_400_000, marks: [day[0]!.openedAt] }));
      }),
    );
    const kind = "up" as const;
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 6 }), (found) =>
        expectWithin(
          shareChart(
            "t",
            found.map((count) => ({ label: "a", count, kind })),
          ),
        ),
      ),
    );
  });

  test("say in words what they show", () => {
    const text = changeChart([{ label: "BTCUSDT", percent: 1.25 }]).toString();
    expect(text).toMatch(/role="img"/);
    expect(text).toContain("<title>Changes of the day in percent</title>");
    expect(text).toContain("<desc>&#x2068;BTCUSDT&#x2069; +1.25 %; </desc>");
  });
});

describe("pages", () => {
  const { market, instrument } = briefsOf("Copper & gold");

  test("have each number with what it stands on, and say that prices are simulated", () => {
    const text = marketPage(market, FACTS);
    for (const part of [
      "Market brief, 2026-03-04",
      "so far, up to 2026-03-04 14:30",
      "Prices are simulated: this is no market.",
      "+2.50 %",
      "PRICE by MEDIAN_MAD on M5",
      "1 of 1 outcomes were inside the interval (it is to be 90 %)",
      "HAR_RV version 3, trained on 400 examples",
      "prices SIMULATED",
      "Prices: SIMULATED.",
      "BREADTH: Copper &amp; gold",
      "query Q { a }",
    ])
      expect(text).toContain(part);
    expect(instrumentPage(instrument, FACTS)).toContain("number 1 of all by the size of the change");
  });

  test("say what is not there instead of making it up", () => {
    const empty = { risers: [], fallers: [], anomalies: [], signalCounts: [], forecasts: [], stories: [] };
    const text = marketPage({ ...market, ...empty }, FACTS);
    for (const part of ["Nothing moved", "No anomaly is of the day.", "No model is champion.", "No story began"])
      expect(text).toContain(part);
    expect(text).toContain("Closed above their average of 50 days: –.");
    const nothing = { standing: null, rank: null, regime: null, bars: null, signals: [], forecasts: [], news: [] };
    const bare = instrumentPage({ ...instrument, brief: { ...instrument.brief, ...nothing } }, FACTS);
    for (const part of [
      "It has no bar of the day",
      "No signal is of the day.",
      "No model of it is champion.",
      "No article",
    ])
      expect(bare).toContain(part);
    const [mover] = market.risers;
    const unread = marketPage(
      { ...market, risers: [{ ...mover!, news: null }], stories: null, forecasts: null },
      FACTS,
    );
    expect(unread).toContain("The news could not be read.");
    expect(unread).toContain("The forecasts could not be had.");
    expect(instrumentPage({ ...instrument, brief: { ...instrument.brief, news: null } }, FACTS)).toContain(
      "The news could not be read.",
    );
    expect(marketPage(null, FACTS)).toContain("No bar has come yet");
    expect(instrumentPage({ ...instrument, brief: null }, FACTS)).toContain("No bar of it has come yet");
    expect(marketPage(null, FACTS)).toContain("Prices: none are shown.");
    expect(instrumentPage({ ...instrument, source: "LIVE" }, FACTS)).toContain("Prices: LIVE.");
  });

  test("have a policy under which nothing is loaded or run, and the style that it allows", async () => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE.toString()));
    expect(CONTENT_POLICY).toBe(
      `default-src 'none'; style-src 'sha256-${Buffer.from(digest).toString("base64")}'; base-uri 'none'; form-action 'none'`,
    );
    expect(marketPage(market, FACTS)).toContain(`<style>${STYLE.toString()}</style>`);
  });

  test.each([
    ["https://example.com/a?b=1&c=2", true],
    ["http://example.com/", true],
    ["javascript:alert(1)", false],
    ["data:text/html,x", false],
    ["//example.com", false],
    [null, false],
  ])("a headline with the address %s leads there: %s", (url, leads) => {
    const article = { title: "t", source: "s", publishedAt: "2026-03-04T09:30:00Z", url, sentiment: null };
    expect(headline(article).toString().includes("<a href=")).toBe(leads);
  });
});

describe("requests", () => {
  test("a path and a day say what is wanted", () => {
    expect(readBriefRequest("/briefs/market.html")).toEqual({ symbol: null, date: null });
    expect(readBriefRequest("/briefs/instruments/BTC%2FUSD.KRAKEN.html?date=2026-03-04")).toEqual({
      symbol: "BTC/USD.KRAKEN",
      date: "2026-03-04",
    });
    for (const path of [
      "/briefs/",
      "/briefs/market.pdf",
      "/briefs/instruments/.html",
      "/briefs/instruments/%.html",
      "//",
    ])
      expect(readBriefRequest(path), path).toBeNull();
  });

  test.each([
    ["market.html?date=yesterday", "date"],
    ["market.html?date=2026-02-30", "date"],
    ["market.html?date=2026-03-04&date=2026-03-05", "date"],
    ["instruments/A.html?symbol=B", "symbol"],
  ])("%s is refused for %s", (path, argument) => {
    expect(() => readBriefRequest(`/briefs/${path}`)).toThrow(
      expect.objectContaining({ code: "BAD_USER_INPUT", details: { argument } }),
    );
  });
});
