import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import { deadLetterOf, sentAgain, type DeadLetter } from "./dead-letter.ts";
import type { KafkaClient } from "./kafka.ts";
import { rangesOf, scanTopic, type OffsetRange } from "./scan-topic.ts";
import { deadLetterTopic, TOPICS } from "./topics.ts";

export interface DeadLetterFilter {
  /** Part of the reason, in any case. */
  reason?: string | null;
  /** When the letter was put aside: at or after, and before. */
  fromMs?: number | null;
  toMs?: number | null;
  /** Those too that were sent again. */
  withSentAgain?: boolean;
}

export interface DeadLetterPage {
  /** After this letter, in the order in which they are given; null: from the first. */
  after?: string | null;
  limit: number;
}

export interface StoredLetter extends DeadLetter {
  sentAgain: boolean;
}

interface Reading {
  kafka: KafkaClient;
  log: Logger;
}

interface Place {
  topic: string;
  partition: number;
  offset: bigint;
}

/**
 * A page of the dead letters of these topics, in the order of topics, partitions and offsets. Holds one page in memory,
 * however many there are; its last letter's id is where the next page begins.
 */
export async function readDeadLetters(
  reading: Reading,
  topics: readonly string[],
  filter: DeadLetterFilter,
  { after = null, limit }: DeadLetterPage,
): Promise<StoredLetter[]> {
  const start = after === null ? null : placeOf(after);
  if (start !== null && !topics.includes(start.topic)) throw noLetter(after!);
  const page: StoredLetter[] = [];
  for (const topic of topics.slice(start === null ? 0 : topics.indexOf(start.topic))) {
    const ranges = await rangesOf(reading.kafka, deadLetterTopic(topic), { fromMs: filter.fromMs ?? null });
    if (topic === start?.topic) beginAfter(ranges, start);
    page.push(...(await readTopic(reading, topic, ranges, filter, limit - page.length)));
    if (page.length >= limit) break;
  }
  return page;
}

/** The letters with these ids, in their order. Fails with NOT_FOUND when one is not there, or not any more. */
export async function findDeadLetters(reading: Reading, ids: readonly string[]): Promise<StoredLetter[]> {
  const found = new Map<string, StoredLetter>();
  for (const [topic, places] of Map.groupBy(ids.map(placeOf), (place) => place.topic)) {
    if (!TOPICS.some(({ name }) => name === topic)) throw noLetter(ids.find((id) => id.startsWith(`${topic}/`))!);
    const all = await rangesOf(reading.kafka, deadLetterTopic(topic));
    const wanted = new Set(places.map(({ partition, offset }) => `${topic}/${partition}/${offset}`));
    const ranges = new Map(
      [...Map.groupBy(places, ({ partition }) => partition)].map(([partition, inPartition]) => [
        partition,
        spanOf(
          inPartition.map(({ offset }) => offset),
          all.get(partition),
        ),
      ]),
    );
    // Notes stand behind their letters.
    const sent = await readSentAgain(
      reading,
      topic,
      new Map([...ranges].map(([partition, { from }]) => [partition, { from, to: all.get(partition)?.to ?? 0n }])),
    );
    await scanTopic({
      ...reading,
      topic: deadLetterTopic(topic),
      ranges,
      take: (record, partition) => {
        if (sentAgain(record) !== null) return;
        const letter = deadLetterOf(topic, partition, record);
        if (wanted.has(letter.id)) found.set(letter.id, { ...letter, sentAgain: sent.has(letter.id) });
      },
    });
  }
  return ids.map((id) => {
    const letter = found.get(id);
    if (letter === undefined) throw noLetter(id);
    return letter;
  });
}

/** Where records stand in the topic that were put aside, as `<partition>/<offset>`: readers passed over them. */
export async function deadPlaces(reading: Reading, topic: string): Promise<Set<string>> {
  const places = new Set<string>();
  await scanTopic({
    ...reading,
    topic: deadLetterTopic(topic),
    ranges: await rangesOf(reading.kafka, deadLetterTopic(topic)),
    take: (record, partition) => {
      const { original } = deadLetterOf(topic, partition, record);
      if (original !== null) places.add(`${original.partition}/${original.offset}`);
    },
  });
  return places;
}

async function readTopic(
  reading: Reading,
  topic: string,
  ranges: ReadonlyMap<number, OffsetRange>,
  { reason, toMs, withSentAgain = false }: DeadLetterFilter,
  limit: number,
): Promise<StoredLetter[]> {
  const sent = await readSentAgain(reading, topic, ranges);
  const part = reason?.toLowerCase() ?? "";
  const letters: StoredLetter[] = [];
  // One partition after the other: a page has an order.
  for (const [partition, range] of [...ranges].toSorted(([a], [b]) => a - b)) {
    if (letters.length >= limit) break;
    await scanTopic({
      ...reading,
      topic: deadLetterTopic(topic),
      ranges: new Map([[partition, range]]),
      take: (record) => {
        if (sentAgain(record) !== null) return;
        const letter = deadLetterOf(topic, partition, record);
        if (toMs != null && letter.deadAtMs >= toMs) return;
        if (!letter.reason.toLowerCase().includes(part)) return;
        const wasSent = sent.has(letter.id);
        if (wasSent && !withSentAgain) return;
        letters.push({ ...letter, sentAgain: wasSent });
        return letters.length < limit;
      },
    });
  }
  return letters;
}

/** Ids of the letters that were sent again, as far as the ranges tell. */
async function readSentAgain(
  reading: Reading,
  topic: string,
  ranges: ReadonlyMap<number, OffsetRange>,
): Promise<Set<string>> {
  const sent = new Set<string>();
  await scanTopic({
    ...reading,
    topic: deadLetterTopic(topic),
    ranges,
    take: (record) => {
      const id = sentAgain(record);
      if (id !== null) sent.add(id);
    },
  });
  return sent;
}

function beginAfter(ranges: Map<number, OffsetRange>, { partition, offset }: Place): void {
  for (const [each, range] of ranges) {
    if (each < partition) ranges.delete(each);
    if (each === partition && offset >= range.from) ranges.set(each, { ...range, from: offset + 1n });
  }
}

function spanOf(offsets: readonly bigint[], existing: OffsetRange | undefined): OffsetRange {
  const [low, high] = [existing?.from ?? 0n, existing?.to ?? 0n];
  const from = offsets.reduce((least, offset) => (offset < least ? offset : least));
  const to = offsets.reduce((most, offset) => (offset > most ? offset : most)) + 1n;
  return { from: from > low ? from : low, to: to < high ? to : high };
}

function placeOf(id: string): Place {
  const match = /^([\w.-]+)\/(\d+)\/(\d+)$/.exec(id);
  if (match === null)
    throw new CodedError("BAD_USER_INPUT", `${id} is no dead letter's id: <topic>/<partition>/<offset>.`);
  return { topic: match[1]!, partition: Number(match[2]), offset: BigInt(match[3]!) };
}

function noLetter(id: string): CodedError {
  return new CodedError("NOT_FOUND", `There is no dead letter ${id}.`, { id });
}
