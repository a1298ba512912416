import type { FaultRun } from "./run-faults.ts";

/** What a reader of a report wants to know beside the figures. */
export interface ReportFacts {
  command: string;
  date: string;
  machine: string;
}

type Rows = readonly (readonly [name: string, count: number])[];

const VIOLATIONS_SHOWN = 40;

/** What a run did and found, in lines for a terminal. */
export function summaryOf(run: FaultRun): string {
  const { violations } = run;
  return [
    ...sectionsOf(run).flatMap(({ title, rows }) => [
      title,
      ...rows.map(([name, count]) => `${String(count).padStart(10)}  ${name}`),
    ]),
    ...violations
      .slice(0, VIOLATIONS_SHOWN)
      .map(
        ({ kind, subscription, channel, at, detail }) =>
          `${kind} ${subscription} on ${channel}, at ${at ?? "the end"}: ${detail}`,
      ),
    `${totalOf(run.faults)} faults, ${run.events} events, ${run.counts.deliveries} deliveries to ${run.subscriptions} subscriptions checked, ${run.rounds} rounds, ${Math.round(run.seconds)} s: ${violations.length} violations`,
  ].join("\n");
}

/** The same as a document. */
export function reportOf(run: FaultRun, { command, date, machine }: ReportFacts): string {
  const { counts, violations } = run;
  const figures: [string, string][] = [
    ["faults", numberOf(totalOf(run.faults))],
    ["events published", numberOf(run.events)],
    ["deliveries checked", numberOf(counts.deliveries)],
    ["subscriptions", numberOf(run.subscriptions)],
    ["heads compared", numberOf(counts.heads)],
    ["rounds, after each of which all was compared", numberOf(run.rounds)],
    ["took", `${Math.round(run.seconds / 60)} min`],
    ["**violations**", `**${violations.length}**`],
  ];
  return `# Streams under faults

Written by \`${command}\` on ${date}. Machine: ${machine}. What is harmed, and how clients' sight is compared with what was
published: [test/streams](../../test/streams/README.md); what such runs found: [streams-findings.md](streams-findings.md). CI runs a
short version.

A violation is an event that is missing with no gap that says so, or with another number; that came twice to one cursor or out
of order; that never came though it was the last; a resume without a verdict; a head that is not what came last.

${table(["figure", ""], figures)}
${sectionsOf(run)
  .map(
    ({ title, rows }) =>
      `\n## ${title}\n\n${table(
        [title, "times"],
        rows.map(([name, count]) => [name, numberOf(count)] as const),
      )}`,
  )
  .join("\n")}
`;
}

function sectionsOf({ faults, counters, counts }: FaultRun): { title: string; rows: Rows }[] {
  const byName = [...faults].toSorted(([one], [other]) => one.localeCompare(other));
  return [
    { title: "Faults", rows: byName },
    { title: "What the parts counted", rows: [...counters] },
    { title: "Resumes, by verdict", rows: Object.entries(counts.verdicts) },
    { title: "Gaps that were told, by reason", rows: Object.entries(counts.gaps) },
  ].filter(({ rows }) => rows.length > 0);
}

function table(head: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  const lines = [
    `| ${head[0]} | ${head[1]} |`,
    "| --- | ---: |",
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
  ];
  return `${lines.join("\n")}\n`;
}

const numberOf = (count: number): string => count.toLocaleString("en-US").replaceAll(",", " ");
const totalOf = (faults: ReadonlyMap<string, number>): number => [...faults.values()].reduce((sum, n) => sum + n, 0);
