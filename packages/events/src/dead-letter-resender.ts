import type { Logger } from "@mib/service/log";
import { compareIds } from "@mib/stream-window/layout";
import { noteSentAgain } from "./dead-letter.ts";
import { deadPlaces, type StoredLetter } from "./dead-letter-reader.ts";
import { decodeEvent, InvalidRecordError, type StreamEvent } from "./event.ts";
import type { KafkaClient } from "./kafka.ts";
import type { EventProducer } from "./producer.ts";
import { rangesOf, scanTopic, type OffsetRange } from "./scan-topic.ts";
import { topicNamed } from "./topics.ts";
import { validateValue } from "./validate.ts";

export type ResendOutcome =
  | "SENT"
  /** It would be sent: nothing was done. */
  | "WOULD_BE_SENT"
  /** The topic has it, or had it: nothing was sent. */
  | "ALREADY_SENT"
  /** It still does not fit: nothing was sent. */
  | "INVALID"
  /** Its channel has gone on, and readers drop what is older: nothing was sent. */
  | "SUPERSEDED";

export interface Resent {
  id: string;
  topic: string;
  eventId: string | null;
  outcome: ResendOutcome;
  /** Why it was not sent; null where it was. */
  reason: string | null;
}

export interface ResendOptions {
  kafka: KafkaClient;
  log: Logger;
  producer: EventProducer;
  epochs: ReadonlyMap<string, string>;
  /** Says what would be done and does nothing. */
  dryRun?: boolean;
}

/** A letter as the event that it is going to be. */
interface Candidate {
  letter: StoredLetter;
  event: StreamEvent;
}

/** What speaks against sending. */
type Standing = Pick<Resent, "reason"> & { outcome: "ALREADY_SENT" | "SUPERSEDED" };

/** The clocks of brokers may differ by this: a letter has the time of one, what was sent again after it that of another. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Sends dead letters to their topics again, as they are, and tells of each what became of it, when it did. Each is checked first
 * as its readers would, and looked for behind the place where it was put aside: by its event id, or its position in the channel.
 * So running it twice, or after it died between two letters, sends nothing twice; and should two of it run at once, readers drop
 * the second by the same identity.
 */
export async function* resendDeadLetters(
  options: ResendOptions,
  letters: readonly StoredLetter[],
): AsyncGenerator<Resent, void> {
  for (const [topic, ofTopic] of Map.groupBy(letters, (letter) => letter.topic)) {
    const events = new Map(ofTopic.map((letter) => [letter.id, eventOf(letter, options.epochs)]));
    const candidates = ofTopic.flatMap((letter) => {
      const event = events.get(letter.id)!;
      return letter.sentAgain || typeof event === "string" ? [] : [{ letter, event }];
    });
    const standings = await standingsOf(options, topic, candidates);
    for (const letter of ofTopic) yield await resend(options, letter, events.get(letter.id)!, standings.get(letter.id));
  }
}

async function resend(
  { producer, dryRun = false }: ResendOptions,
  letter: StoredLetter,
  event: StreamEvent | string,
  standing: Standing | undefined,
): Promise<Resent> {
  const { id, topic, key, value, headers, original } = letter;
  const of = { id, topic, eventId: typeof event === "string" ? null : event.eventId };
  if (letter.sentAgain) return { ...of, outcome: "ALREADY_SENT", reason: "it was sent again before" };
  if (typeof event === "string") return { ...of, outcome: "INVALID", reason: event };
  if (standing?.outcome === "SUPERSEDED") return { ...of, ...standing };
  if (dryRun) return standing ? { ...of, ...standing } : { ...of, outcome: "WOULD_BE_SENT", reason: null };
  // One after the other: what is told was acknowledged, and the order of the letters is kept.
  if (standing === undefined)
    await producer.sendRecord(topic, { key, value, headers, ...(original && { partition: original.partition }) });
  await noteSentAgain(producer, letter);
  return { ...of, ...(standing ?? { outcome: "SENT", reason: null }) };
}

/** The letter as an event, or why it is none. */
function eventOf(letter: StoredLetter, epochs: ReadonlyMap<string, string>): StreamEvent | string {
  const { topic, original, key, value, headers, deadAtMs, cutFromBytes } = letter;
  if (cutFromBytes !== null) return `the letter is only the beginning of ${cutFromBytes} bytes`;
  const [partition, offset] = [original?.partition ?? 0, String(original?.offset ?? 0n)];
  const record = { key, value, headers, offset, timestamp: String(deadAtMs), attributes: 0 };
  try {
    const event = decodeEvent(topic, partition, record, epochs);
    const validation = validateValue(topic, event.value);
    return validation.ok ? event : validation.reason;
  } catch (error) {
    if (error instanceof InvalidRecordError) return error.message;
    throw error;
  }
}

/** What speaks against sending each of the candidates, by the letter's id. */
async function standingsOf(
  { kafka, log, epochs }: ResendOptions,
  topic: string,
  candidates: readonly Candidate[],
): Promise<Map<string, Standing>> {
  const standings = new Map<string, Standing>();
  if (candidates.length === 0) return standings;
  const byIdentity = Map.groupBy(candidates, ({ event }) => identityOf(event));
  for (const same of byIdentity.values()) {
    for (const { letter } of same.slice(1))
      standings.set(letter.id, { outcome: "ALREADY_SENT", reason: `it is the same event as ${same[0]!.letter.id}` });
  }
  const note = ({ letter, event }: Candidate, found: StreamEvent) => {
    const standing = standingOf(event, found);
    // That it is there says more than that the channel has gone on.
    if (standing !== null && standings.get(letter.id)?.outcome !== "ALREADY_SENT") standings.set(letter.id, standing);
  };
  // A record that was put aside may fit today: nobody has read it all the same.
  const dead = await deadPlaces({ kafka, log }, topic);
  const isSequenced = topicNamed(topic).position === "SEQUENCE";
  const byChannel = Map.groupBy(candidates, ({ event }) => event.channel);
  await scanTopic({
    kafka,
    log,
    topic,
    ranges: await rangesBehind(kafka, topic, candidates),
    take: (record, partition) => {
      if (dead.has(`${partition}/${record.offset}`)) return;
      const found = validEventOf(topic, partition, record, epochs);
      if (found === null) return;
      const concerned = isSequenced ? byChannel.get(found.channel) : byIdentity.get(identityOf(found));
      for (const candidate of concerned ?? []) note(candidate, found);
    },
  });
  return standings;
}

function standingOf(wanted: StreamEvent, found: StreamEvent): Standing | null {
  if (identityOf(wanted) === identityOf(found))
    return { outcome: "ALREADY_SENT", reason: `the topic has it at ${found.partition}/${found.offset}` };
  if (wanted.eventId !== null) return null;
  const epochIsOver = wanted.position.epoch !== found.position.epoch;
  if (!epochIsOver && compareIds(found.position.id, wanted.position.id) < 0) return null;
  return {
    outcome: "SUPERSEDED",
    reason: epochIsOver
      ? `the channel has gone on in epoch ${found.position.epoch}`
      : `the channel has gone on to ${found.position.id}`,
  };
}

/** What makes two records the same event. */
function identityOf({ channel, eventId, position: { epoch, id } }: StreamEvent): string {
  return eventId === null ? JSON.stringify([channel, epoch, id]) : eventId;
}

/** Where an event may be that was sent after these were put aside. */
async function rangesBehind(
  kafka: KafkaClient,
  topic: string,
  candidates: readonly Candidate[],
): Promise<Map<number, OffsetRange>> {
  const oldestMs = Math.min(...candidates.map(({ letter }) => letter.deadAtMs));
  const ranges = await rangesOf(kafka, topic, { fromMs: oldestMs - CLOCK_SKEW_MS });
  const behind = new Map<number, OffsetRange>();
  for (const [partition, range] of ranges) {
    const stood = candidates.filter(({ letter }) => letter.original?.partition === partition);
    const anywhere = candidates.some(({ letter }) => letter.original === null);
    if (stood.length === 0 && !anywhere) continue;
    // Readers may have been behind when they put it aside: its channel may have gone on long before that.
    const from = stood.reduce((least, { letter }) => {
      const next = letter.original!.offset + 1n;
      return next < least ? next : least;
    }, range.from);
    behind.set(partition, { ...range, from });
  }
  return behind;
}

function validEventOf(
  topic: string,
  partition: number,
  record: Parameters<typeof decodeEvent>[2],
  epochs: ReadonlyMap<string, string>,
): StreamEvent | null {
  try {
    const event = decodeEvent(topic, partition, record, epochs);
    return validateValue(topic, event.value).ok ? event : null;
  } catch (error) {
    if (error instanceof InvalidRecordError) return null;
    throw error;
  }
}
