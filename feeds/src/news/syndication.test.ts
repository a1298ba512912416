import { describe, expect, test } from "vitest";
import { parseSyndication, SyndicationError } from "./syndication.ts";

const rss = (items: string) => `<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel><title>Wire</title>${items}</channel></rss>`;

describe("an item", () => {
  test("of RSS has its title, text without markup, link and time", () => {
    const text =
      rss(`<item><title>Rates &amp; <![CDATA[bonds <b>rise</b>]]></title><link>https://wire.example/1?a=1&amp;b=2</link>
      <description>&lt;p&gt;They rose by 25&amp;nbsp;bp.&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</description>
      <pubDate>Sat, 07 Sep 2002 00:00:01 GMT</pubDate></item>`);
    expect(parseSyndication(text)).toEqual({
      title: "Wire",
      items: [
        {
          title: "Rates & bonds rise",
          summary: "They rose by 25 bp.",
          url: "https://wire.example/1?a=1&b=2",
          publishedAt: "2002-09-07T00:00:01Z",
        },
      ],
    });
  });

  // The second example of RFC 4287, section 1.1, without what is not read.
  test("of Atom has the alternate link and when it was published", () => {
    const text = `<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">
      <title type="text">dive into mark</title><updated>2005-07-31T12:29:29Z</updated>
      <entry><title>Atom draft-07 snapshot</title>
        <link rel="enclosure" type="audio/mpeg" href="http://example.org/audio/ph34r_my_podcast.mp3"/>
        <link rel="alternate" type="text/html" href="http://example.org/2005/04/02/atom"/>
        <updated>2005-07-31T12:29:29.500Z</updated><published>2003-12-13T08:29:29-04:00</published>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p><i>[Update: The Atom draft is finished.]</i></p></div></content>
      </entry></feed>`;
    expect(parseSyndication(text)).toMatchObject({
      title: "dive into mark",
      items: [
        {
          title: "Atom draft-07 snapshot",
          url: "http://example.org/2005/04/02/atom",
          publishedAt: "2003-12-13T12:29:29Z",
        },
      ],
    });
  });

  test("of RSS 1.0 stands beside its channel", () => {
    const text = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>C</title></channel>
      <item><title>One</title><link>https://c.example/1</link><dc:date>2026-01-02T03:04:05.600Z</dc:date></item></rdf:RDF>`;
    expect(parseSyndication(text).items).toEqual([
      { title: "One", summary: null, url: "https://c.example/1", publishedAt: "2026-01-02T03:04:05.6Z" },
    ]);
  });

  test.each([
    ["without a title is left out", "<item><link>https://wire.example</link></item>", []],
    [
      "with a link that is none and a time that is none has neither",
      "<item><title>T</title><link>javascript:alert(1)</link><pubDate>soon</pubDate></item>",
      [{ title: "T", summary: null, url: null, publishedAt: null }],
    ],
    [
      "whose guid is its link has that",
      '<item><title>T</title><guid isPermaLink="true">https://wire.example/7</guid></item>',
      [{ title: "T", summary: null, url: "https://wire.example/7", publishedAt: null }],
    ],
    [
      "with a link of no use and a time after all times that can be told has neither",
      `<item><title>T</title><link>https://wire.example/${"x".repeat(3_000)}</link><pubDate>Fri, 1 Jan 10000 00:00:00 GMT</pubDate></item>`,
      [{ title: "T", summary: null, url: null, publishedAt: null }],
    ],
    [
      "whose text is cut ends with a whole character",
      `<item><title>${"a".repeat(499)}🚀</title></item>`,
      [{ title: "a".repeat(499), summary: null, url: null, publishedAt: null }],
    ],
  ])("%s", (_, items, expected) => {
    expect(parseSyndication(rss(items)).items).toEqual(expected);
  });
});

test("no text has control characters, neither a document's title nor an article's", () => {
  const { title, items } = parseSyndication(
    rss("<item><title>Rates\u0000 rise</title></item>").replace("Wire", "W\u0000ire &lt;b&gt;One&lt;/b&gt;"),
  );
  expect([title, items[0]?.title]).toEqual(["W ire One", "Rates rise"]);
});

test("the title of a document is no longer than a source's name", () => {
  const { title } = parseSyndication(rss("").replace("Wire", "W".repeat(100_000)));
  expect(title).toBe("W".repeat(200));
});

test("a document type that defines nothing is read", () => {
  const type = `<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/rss.dtd">`;
  const text = rss("<item><title>t</title></item>").replace("?>", `?>${type}`);
  expect(parseSyndication(text).items).toHaveLength(1);
});

test("a document with many document types is refused in the time of its length", () => {
  expect(() => parseSyndication("<!DOCTYPE".repeat(200_000))).toThrow(SyndicationError);
});

test.each([
  ["no XML", "hello"],
  ["a page", "<html><body>Not found</body></html>"],
  ["XML that is cut off", "<rss><channel><title>x</ti"],
  [
    "a document that defines entities",
    `<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel><title>&b;</title></channel></rss>`,
  ],
  [
    "one that hides it behind a bracket in quotes",
    `<!DOCTYPE rss SYSTEM ">" [<!ENTITY a "aaaaaaaaaa">]><rss><channel><title>&a;</title></channel></rss>`,
  ],
])("%s is refused", (_, text) => {
  expect(() => parseSyndication(text)).toThrow(SyndicationError);
});
