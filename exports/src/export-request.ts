import { CodedError } from "@mib/service/coded-error";
import { z } from "zod";

const time = z.iso.datetime({ offset: true, message: "is no time of RFC 3339" });
const symbol = z.string().min(1).max(100);
const interval = z.enum(["S1", "M1", "M5", "H1", "D1"]);
const indicator = z.string().transform((text, context) => {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    context.addIssue('is no JSON object, like {"kind":"RSI","period":14}');
    return z.NEVER;
  }
});

const PARAMETERS = {
  bars: z.strictObject({ symbol, interval, from: time, to: time.optional() }),
  trades: z.strictObject({ symbol, from: time.optional(), to: time.optional() }),
  // Without a beginning the API would give the last page and nothing before it.
  indicators: z.strictObject({ symbol, interval, indicator, from: time, to: time.optional() }),
};

export type ExportRequest = {
  [Name in keyof typeof PARAMETERS]: { of: Name; format: Format; parameters: z.output<(typeof PARAMETERS)[Name]> };
}[keyof typeof PARAMETERS];
export type Format = "csv" | "parquet";
export type ParametersOf<Name extends ExportRequest["of"]> = Extract<ExportRequest, { of: Name }>["parameters"];

const BASE = "http://exports";
const PATH = /^\/exports\/(bars|trades|indicators)\.(csv|parquet)$/;

/** Reads what is wanted from a URL: null for a path that is none of ours, BAD_USER_INPUT for wrong parameters. */
export function readExportRequest(url: string): ExportRequest | null {
  // Whoever writes a request by hand may ask for `//`.
  if (!URL.canParse(url, BASE)) return null;
  const { pathname, searchParams } = new URL(url, BASE);
  const match = PATH.exec(pathname);
  if (!match) return null;
  const [, of, format] = match as unknown as [string, ExportRequest["of"], Format];
  const names = [...searchParams.keys()];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new CodedError("BAD_USER_INPUT", `${twice} is given twice.`, { argument: twice });
  const read = PARAMETERS[of].safeParse(Object.fromEntries(searchParams));
  if (read.success) return { of, format, parameters: read.data } as ExportRequest;
  const [issue] = read.error.issues;
  const argument = issue?.code === "unrecognized_keys" ? issue.keys[0] : issue?.path.join(".");
  throw new CodedError("BAD_USER_INPUT", `${argument}: ${issue?.message}`, { argument });
}
