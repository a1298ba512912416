import { existsSync } from "node:fs";
import { patient } from "@mib/testkit/eventually";
import { chromium } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { instrumentPage } from "./instrument-page.ts";
import { marketPage } from "./market-page.ts";
import { briefsOf, FACTS } from "./test-briefs.ts";

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
if (!existsSync(CHROMIUM)) process.stdout.write("pages of briefs in a browser are skipped: set CHROMIUM_PATH\n");

const HOSTILE = [
  '"><script>globalThis.ran = true</script>',
  '</title></style></svg><img src=x onerror="globalThis.ran = true">',
  "<style>* { display: none }</style><!-- ",
  "' onmouseover='globalThis.ran = true",
  "\u202Egnp.exe\u2066 שלום עולם \u2069\u2069\u2069",
  "<svg onload=globalThis.ran=true><![CDATA[",
  "&lt;b&gt; &#x3c;script&#x3e;",
  "\u0000\uD800<base href=//evil.example>",
];

async function browserPage() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ colorScheme: "light" });
  page.setDefaultTimeout(patient(60_000));
  const seen: string[] = [];
  page.on("request", (request) => void seen.push(request.url()));
  page.on("console", (message) => void seen.push(message.text()));
  page.on("pageerror", (error) => void seen.push(error.message));
  return { page, seen };
}

const pagesOf = (text: string, url?: string) => {
  const { market, instrument } = briefsOf(text, url);
  return [marketPage(market, FACTS), instrumentPage(instrument, FACTS)];
};

describe.skipIf(!existsSync(CHROMIUM))("a page of a brief in a browser", () => {
  test("has the same elements whatever text is in it, and runs and loads nothing", async () => {
    const { page, seen } = await browserPage();
    const look = async (html: string) => {
      await page.setContent(html);
      return page.evaluate(() => ({
        elements: [...document.querySelectorAll("*")].map(
          ({ tagName, attributes }) => `${tagName} ${[...attributes].map(({ name }) => name).join(" ")}`,
        ),
        texts: [...document.querySelectorAll("bdi")].map(({ textContent }) => textContent),
        ran: "ran" in globalThis,
      }));
    };
    const plain: Awaited<ReturnType<typeof look>>[] = [];
    for (const html of pagesOf("plain")) plain.push(await look(html));
    for (const text of HOSTILE) {
      for (const [at, html] of pagesOf(text).entries()) {
        const { elements, texts, ran } = await look(html);
        expect(elements, text).toEqual(plain[at]!.elements);
        expect(ran).toBe(false);
        const shown = text
          .toWellFormed()
          .replace(/[\u202A-\u202E\u2066-\u2069]/g, "")
          .replace("\u0000", "\uFFFD");
        expect(texts).toContain(shown);
      }
    }
    expect(seen).toEqual([]);
  });

  test("is drawn in the style that its policy allows, light or dark", async () => {
    const { page, seen } = await browserPage();
    await page.setContent(pagesOf("plain")[0]!);
    const colours = () =>
      page.evaluate(() => ({
        page: getComputedStyle(document.body).backgroundColor,
        up: getComputedStyle(document.querySelector("rect.up")!).fill,
      }));
    const light = await colours();
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await colours();
    expect(light).toEqual({ page: "rgb(244, 246, 248)", up: "rgb(11, 138, 95)" });
    expect(dark).toEqual({ page: "rgb(11, 15, 20)", up: "rgb(53, 192, 142)" });
    expect(seen).toEqual([]);
  });

  test("gives each chart a name, and leads out only where an article is on the web", async () => {
    const { page } = await browserPage();
    await page.setContent(pagesOf("plain")[0]!);
    const names = await page.evaluate(() =>
      [...document.querySelectorAll("svg[role=img]")].map((svg) => svg.querySelector("title")?.textContent),
    );
    expect(names).toHaveLength(4);
    expect(names.every(Boolean)).toBe(true);
    const links = async () => page.evaluate(() => [...document.querySelectorAll("a")].map(({ href }) => href));
    expect(new Set(await links())).toEqual(new Set(["https://example.com/a"]));
    await page.setContent(pagesOf("plain", "javascript:globalThis.ran = true")[0]!);
    expect(await links()).toEqual([]);
  });
});
