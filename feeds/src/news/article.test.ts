import { describe, expect, test } from "vitest";
import { articleId, normalizedLink } from "./article.ts";

const article = { url: "https://wire.example/a/b?id=7", title: "Rates rise", summary: "They rose." };

describe("an article has one id", () => {
  test.each([
    ["with another scheme and host prefix", { ...article, url: "http://www.wire.example/a/b?id=7" }],
    ["with tracking and a fragment", { ...article, url: "https://wire.example/a/b/?utm_source=x&id=7&ref=y#top" }],
    ["with other spaces in its text", { ...article, title: " Rates  rise", summary: "They\nrose. " }],
  ])("%s", (_, other) => {
    expect(articleId(other)).toBe(articleId(article));
  });

  test.each([
    ["another link", { ...article, url: "https://wire.example/a/b?id=8" }],
    ["another title", { ...article, title: "Rates fall" }],
    ["another text", { ...article, summary: null }],
    ["no link", { ...article, url: null }],
  ])("and %s gives another", (_, other) => {
    expect(articleId(other)).not.toBe(articleId(article));
  });
});

test("parameters of a link are put in order, and what is no link stays as it is", () => {
  expect(normalizedLink("https://a.example/?b=2&a=1")).toBe("https://a.example?a=1&b=2");
  expect(normalizedLink(" not a link ")).toBe("not a link");
});

test("a link of very many slashes is put in order in the time of its length", () => {
  const path = `/${"/".repeat(500_000)}x`;
  expect(normalizedLink(`https://a.example${path}//`)).toBe(`https://a.example${path}`);
});
