import { expect, test } from "vitest";
import { documentText } from "./document-text.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><t>Zürich</t>`;

test.each([
  ["UTF-8 by itself", Buffer.from("<t>Zürich</t>"), null, "<t>Zürich</t>"],
  ["what the header says", latin1("<t>Zürich</t>"), 'text/xml; charset="iso-8859-1"', "<t>Zürich</t>"],
  ["what the declaration says", latin1(declared("ISO-8859-1")), "text/xml", declared("ISO-8859-1")],
  [
    "the header before the declaration",
    Buffer.from(declared("ISO-8859-1")),
    "text/xml; charset=utf-8",
    declared("ISO-8859-1"),
  ],
  [
    "a mark before both",
    Buffer.from(`\ufeff${declared("ISO-8859-1")}`),
    "text/xml; charset=iso-8859-1",
    declared("ISO-8859-1"),
  ],
  ["UTF-16 by its mark", Buffer.from("\ufeff<t>Zürich</t>", "utf16le"), null, "<t>Zürich</t>"],
  ["UTF-8 for what nobody knows", Buffer.from(declared("klingon")), "text/xml; charset=nonsense", declared("klingon")],
])("a document is read as %s", (_, bytes, contentType, text) => {
  expect(documentText(bytes, contentType)).toBe(text);
});
