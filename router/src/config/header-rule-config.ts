import { z } from "zod";
import { isSettable, isToken } from "../subgraph-client/header-names.ts";

const name = () =>
  z
    .string()
    .refine(isToken, "must be a header's name")
    .refine(isSettable, "is a header that rules cannot touch: it belongs to the connection or to the router");

const pattern = () => z.string().min(1).refine(isPattern, "must be a regular expression");

const value = () => z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, "must be text that a header can carry");

const selection = { named: name().optional(), matching: pattern().optional() };
const ONE_OF_BOTH = "needs either named or matching";
const isOneOfBoth = (rule: { named?: string | undefined; matching?: string | undefined }) =>
  (rule.named === undefined) !== (rule.matching === undefined);

/** One rule about the headers of requests to a subgraph; exactly one of its keys is there. */
export const headerRule = z
  .strictObject({
    propagate: z
      .strictObject({
        ...selection,
        rename: name().optional().describe("What it is called for the subgraph; only with named."),
        default: value().optional().describe("Sent where the client sent none; only with named."),
      })
      .refine(isOneOfBoth, ONE_OF_BOTH)
      .refine(
        (rule) => rule.named !== undefined || (rule.rename === undefined && rule.default === undefined),
        "rename and default go with named",
      )
      .describe("Sends along what the client sent. Credentials only by name, and only where identity is subject.")
      .optional(),
    insert: z.strictObject({ name: name(), value: value() }).optional(),
    remove: z
      .strictObject(selection)
      .refine(isOneOfBoth, ONE_OF_BOTH)
      .describe("Takes out what rules before it put in.")
      .optional(),
  })
  .refine(
    (rule) => Object.values(rule).filter((each) => each !== undefined).length === 1,
    "needs exactly one of propagate, insert and remove",
  );

export type HeaderRule = z.output<typeof headerRule>;

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
