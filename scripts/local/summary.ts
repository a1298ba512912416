import { relative } from "node:path";
import type { StackOptions } from "./command-line.mjs";
import { DISK_BYTES_MAX } from "./disk.ts";
import type { Part } from "./part.ts";
import type { SampleLogin } from "./sample-login.ts";

export interface SummaryFacts {
  options: StackOptions;
  parts: readonly Part[];
  login: SampleLogin | null;
  logFolder: string;
  diskBytes: number;
  startedAt: Date;
}

const LABEL_WIDTH = 20;
const SUBGRAPHS = ["market-data", "analytics", "vector-search", "auth", "notification"];
const SERVERS = ["postgres", "redis", "kafka", "vector-store"];

/** What a person needs once everything runs. */
export function summary({ options, parts, login, logFolder, diskBytes, startedAt }: SummaryFacts): string {
  const url = (name: string) => parts.find((part) => part.name === name)?.url ?? "";
  const seconds = ((Date.now() - startedAt.getTime()) / 1_000).toFixed(1);
  const rows: [string, string][] = options.onlyServers
    ? SERVERS.map((name) => [name, url(name)])
    : [
        ["GraphQL, playground", url("router")],
        ["web page", url("web")],
        ["exports", url("exports")],
        ...SUBGRAPHS.map((name): [string, string] => [name, url(name)]),
        ["sample login", `${login?.email}  ${login?.password}`],
      ];
  const feed =
    options.feed === "none"
      ? "none; start one with: npm run feed -- --feed simulator"
      : options.feedArguments.join(" ").replace("--feed ", "");
  if (!options.onlyServers) rows.push(["feed", feed]);
  rows.push([
    "data",
    `${relative(process.cwd(), options.setFolder) || "."}, ${gigabytes(diskBytes)} of at most ${gigabytes(DISK_BYTES_MAX)}`,
  ]);
  rows.push(["logs", relative(process.cwd(), logFolder)]);
  rows.push(["stop", "Ctrl-C (twice: at once)"]);
  const table = rows.map(([label, value]) => `  ${label.padEnd(LABEL_WIDTH)} ${value}`).join("\n");
  const samples = options.onlyServers ? "" : `\n${sampleOperations(url("router"))}`;
  return `\nReady after ${seconds} s.\n\n${table}\n${samples}`;
}

function sampleOperations(graphqlUrl: string): string {
  return `  A query:

    curl -s ${graphqlUrl} -H 'content-type: application/json' \\
      -d '{"query":"{ instrument(symbol: \\"BTCUSDT\\") { name quote { bidPrice askPrice } indicators(interval: M1) { rsi } news(first: 2) { title } } }"}'

  A subscription, for the playground:

    subscription { quotes(symbols: ["BTCUSDT", "ETHUSDT"]) { instrument { symbol } bidPrice askPrice at } }
`;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
