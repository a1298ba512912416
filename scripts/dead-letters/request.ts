import { parseArgs } from "node:util";
import type { DeadLetterFilter, DeadLetterPage } from "@mib/events/dead-letter-reader";
import { TOPICS } from "@mib/events/topics";

export const USAGE = `npm run dead-letters -- list [FILTER] [--sent-again] [--after ID] [--limit N] [--json]
npm run dead-letters -- show ID… [--json]
npm run dead-letters -- resend ID… [--value-file FILE] [--dry-run] [--json]
npm run dead-letters -- resend FILTER [--after ID] [--limit N] [--dry-run] [--json]

FILTER: --topic NAME… --reason TEXT --from TIME --to TIME (RFC 3339)`;

const LIMIT = { fallback: 50, max: 1_000 };

export class UsageError extends Error {}

export interface Request {
  command: "list" | "show" | "resend";
  ids: string[];
  topics: string[];
  filter: DeadLetterFilter;
  page: DeadLetterPage;
  valueFile: string | null;
  dryRun: boolean;
  json: boolean;
}

/** Reads the command line; throws UsageError with what is wrong with it. */
export function readRequest(argv: readonly string[]): Request {
  const { values, positionals } = parsed(argv);
  const [command, ...ids] = positionals;
  if (command !== "list" && command !== "show" && command !== "resend")
    throw new UsageError(command === undefined ? "a command is missing" : `${command} is no command`);
  const topics = values.topic ?? [];
  const unknown = topics.find((topic) => !TOPICS.some(({ name }) => name === topic));
  if (unknown !== undefined) throw new UsageError(`there is no topic ${unknown}`);
  const filters = [values.reason, values.from, values.to, ...topics].filter((each) => each !== undefined);

  if (command === "list" && ids.length > 0) throw new UsageError("list takes filters, show takes ids");
  if (command === "show" && ids.length === 0) throw new UsageError("show needs ids");
  if (command !== "list" && ids.length > 0 && filters.length > 0)
    throw new UsageError("either ids are named or a filter, not both");
  if (command === "resend" && ids.length === 0 && filters.length === 0)
    throw new UsageError("resend needs ids or a filter");
  const valueFile = values["value-file"] ?? null;
  if (valueFile !== null && (command !== "resend" || ids.length !== 1))
    throw new UsageError("--value-file goes with resend of one id");

  return {
    command,
    ids,
    topics,
    filter: {
      reason: values.reason ?? null,
      fromMs: timeOf("--from", values.from),
      toMs: timeOf("--to", values.to),
      withSentAgain: values["sent-again"],
    },
    page: { after: values.after ?? null, limit: limitOf(values.limit) },
    valueFile,
    dryRun: values["dry-run"],
    json: values.json,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        topic: { type: "string", multiple: true },
        reason: { type: "string" },
        from: { type: "string" },
        to: { type: "string" },
        after: { type: "string" },
        limit: { type: "string" },
        "sent-again": { type: "boolean", default: false },
        "value-file": { type: "string" },
        "dry-run": { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function timeOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new UsageError(`${name} is no time: ${text}`);
  return ms;
}

function limitOf(text: string | undefined): number {
  const limit = text === undefined ? LIMIT.fallback : Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT.max)
    throw new UsageError(`--limit is a whole number from 1 to ${LIMIT.max}`);
  return limit;
}
