import { z } from "zod";

/** Exit code of a process whose configuration is wrong (EX_CONFIG of sysexits.h). */
export const EXIT_CODE_CONFIG = 78;

/** What is wrong with values that are good each by itself: a line for each problem, which begins with the variable's name. */
export type ConfigCheck<Shape extends z.ZodRawShape> = (config: z.output<z.ZodObject<Shape>>) => readonly string[];

/** Reads the configuration from the environment, or prints every problem at once and exits with 78. */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: NodeJS.ProcessEnv = process.env,
  check?: ConfigCheck<Shape>,
): z.output<z.ZodObject<Shape>> {
  const result = parseConfig(shape, environment, check);
  if ("problems" in result) {
    process.stderr.write(`The configuration has ${result.problems.length} problem(s):\n`);
    for (const problem of result.problems) process.stderr.write(`  ${problem}\n`);
    process.exit(EXIT_CODE_CONFIG);
  }
  return result.config;
}

/** As `readConfig`, but returns the problems, a line each. An empty variable counts as unset. */
export function parseConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: NodeJS.ProcessEnv,
  check: ConfigCheck<Shape> = () => [],
): { config: z.output<z.ZodObject<Shape>> } | { problems: string[] } {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const result = z.object(shape).safeParse(given);
  if (!result.success)
    return { problems: result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) };
  const problems = check(result.data);
  return problems.length === 0 ? { config: result.data } : { problems: [...problems] };
}

/** One URL or several. */
export type Urls = readonly [string, ...string[]];

/** A text that is a URL or several, with commas. */
export const urls = () =>
  z
    .string({ error: "must be a URL, or URLs with commas" })
    .transform(splitUrls)
    .refine((list) => list.every((each) => URL.canParse(each)), "must be a URL, or URLs with commas");

/** A comma that no further URL follows is part of one, as of a password. */
const splitUrls = (text: string): Urls => text.split(/,\s*(?=[a-z][a-z0-9+.-]*:\/\/)/i) as [string, ...string[]];

const WHOLE_NUMBER = /^\d+$/;

function wholeNumber(least: number, most: number, unit: string) {
  return z
    .string()
    .regex(WHOLE_NUMBER, `must be a whole number of ${unit}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be between ${least} and ${most} ${unit}`);
}

/** The kinds of values that variables hold. A default makes a variable optional. */
export const field = {
  text: (fallback?: string) => withDefault(z.string({ error: "must be set" }).min(1), fallback),
  host: (fallback = "127.0.0.1") => withDefault(z.string().min(1), fallback),
  port: (fallback?: number) => withDefault(wholeNumber(0, 65_535, "(a TCP port)"), fallback),
  count: (fallback?: number, { least = 0, most = Number.MAX_SAFE_INTEGER } = {}) =>
    withDefault(wholeNumber(least, most, "units"), fallback),
  milliseconds: (fallback?: number, { least = 0, most = 86_400_000 } = {}) =>
    withDefault(wholeNumber(least, most, "milliseconds"), fallback),
  bytes: (fallback?: number, { least = 0, most = Number.MAX_SAFE_INTEGER } = {}) =>
    withDefault(wholeNumber(least, most, "bytes"), fallback),
  url: (fallback?: string) =>
    withDefault(
      z.string({ error: "must be set to a URL" }).refine((value) => URL.canParse(value), "must be a URL"),
      fallback,
    ),
  /** One URL or several, with commas. */
  urls: (fallback?: string) => withDefault(urls(), fallback === undefined ? undefined : splitUrls(fallback)),
  list: (fallback?: string) =>
    withDefault(
      z.string({ error: "must be set to a comma-separated list" }).transform((value) =>
        value
          .split(",")
          .map((item) => item.trim())
          .filter(Boolean),
      ),
      fallback === undefined ? undefined : fallback.split(",").filter(Boolean),
    ),
  flag: (fallback = false) =>
    withDefault(
      z
        .enum(["true", "false", "1", "0"], { error: "must be true or false" })
        .transform((value) => value === "true" || value === "1"),
      fallback,
    ),
  oneOf: <const Values extends readonly [string, ...string[]]>(values: Values, fallback?: Values[number]) =>
    withDefault(z.enum(values, { error: `must be one of ${values.join(", ")}` }), fallback as never),
  optional: <Schema extends z.ZodType>(schema: Schema) => schema.optional(),
};

function withDefault<Schema extends z.ZodType>(
  schema: Schema,
  fallback: z.output<Schema> | undefined,
): z.ZodType<z.output<Schema>> {
  return (fallback === undefined ? schema : schema.optional().transform((value) => value ?? fallback)) as z.ZodType<
    z.output<Schema>
  >;
}
