import { expect, test } from "vitest";
import { parseChannelTemplate } from "./channel-template.ts";

test("a template is text, arguments and claims in their order", () => {
  expect(parseChannelTemplate("{args.symbol}/{args.interval}")).toEqual([
    { from: "args", name: "symbol" },
    { text: "/" },
    { from: "args", name: "interval" },
  ]);
  expect(parseChannelTemplate("user-{claims.sub}")).toEqual([{ text: "user-" }, { from: "claims", name: "sub" }]);
  expect(parseChannelTemplate("*")).toEqual([{ text: "*" }]);
});

for (const template of ["", "{args}", "{args.a.b}", "{headers.x}", "{args.a", "args.a}", "{{args.a}}", "{}"]) {
  test(`"${template}" is no template`, () => {
    expect(() => parseChannelTemplate(template)).toThrow();
  });
}
