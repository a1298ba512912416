import { globSync, readFileSync } from "node:fs";
import { parse } from "graphql";
import { expect, test } from "vitest";
import { eventSchemas } from "../../scripts/generate-event-schemas.ts";
import { eventSchemaBreaks } from "../../scripts/generate/event-compatibility.ts";

const BEFORE = `
  enum Mood { CALM WILD }
  type Venue { code: String! }
  type Tick @topic(name: "ticks.v1") { symbol: ID! price: Decimal! note: String mood: Mood! venue: Venue! }
`;

function breaks(replaced: string, by: string): string[] {
  const schema = (sdl: string) => eventSchemas([parse(sdl)]).get("ticks.v1") as Parameters<typeof eventSchemaBreaks>[0];
  expect(BEFORE).toContain(replaced);
  return eventSchemaBreaks(schema(BEFORE), schema(BEFORE.replace(replaced, by)));
}

test.each([
  ["note: String", "note: String size: Decimal", "a nullable field is added"],
  ["note: String", "", "a nullable field is removed"],
  ["note: String", "seen: DateTime", "a nullable field gets another name"],
  ["note: String", "note: String next: Venue", "a nullable field of a type that is there"],
])("%s → %s: %s, and nobody breaks", (replaced, by) => {
  expect(breaks(replaced, by)).toEqual([]);
});

test.each([
  ["price: Decimal!", "", "Tick.price is gone: older consumers need it"],
  ["price: Decimal!", "price: Decimal", "Tick.price has become nullable: older consumers refuse null"],
  ["price: Decimal!", "price: Float!", "Tick.price has another type"],
  ["note: String", "note: String!", "Tick.note is not nullable any more: older events have null"],
  ["note: String", "note: String size: Decimal!", "Tick.size is new and not nullable: older events lack it"],
  ["note: String", "note: [String]", "Tick.note has another type"],
  ["CALM WILD", "CALM", "Mood.WILD is gone: older events have it"],
  ["CALM WILD", "CALM WILD ODD", "Mood.ODD is new: older consumers refuse it"],
  ["code: String!", "code: String! city: String!", "Venue.city is new and not nullable: older events lack it"],
])("%s → %s is refused", (replaced, by, reason) => {
  expect(breaks(replaced, by)).toEqual([reason]);
});

test("the topics' own schemas are compatible with themselves", () => {
  const files = globSync("packages/events/schemas/*.json");
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const schema = JSON.parse(readFileSync(file, "utf8"));
    expect(eventSchemaBreaks(schema, schema)).toEqual([]);
  }
});
