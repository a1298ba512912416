import { isUtf8 } from "node:buffer";
import type { DeadLetterPage, StoredLetter } from "@mib/events/dead-letter-reader";
import type { Resent } from "@mib/events/dead-letter-resender";

export interface Output {
  /** One JSON object a line, instead of text for people. */
  json: boolean;
  write(text: string): void;
}

export function printLetters(output: Output, letters: readonly StoredLetter[], page: DeadLetterPage): void {
  const { json, write } = output;
  for (const letter of letters) {
    const summary = summaryOf(letter);
    const { id, at, key, channel, reason, sentAgain } = summary;
    if (json) write(`${JSON.stringify(summary)}\n`);
    else write(`${at}  ${id}  ${channel ?? key ?? "–"}  ${reason}${sentAgain ? "  (sent again)" : ""}\n`);
  }
  printMore(output, letters, page);
}

/** Programs see a full page by its length. */
export function printMore({ json, write }: Output, letters: readonly StoredLetter[], { limit }: DeadLetterPage): void {
  if (json) return;
  if (letters.length === 0) write("no dead letters\n");
  if (letters.length === limit) write(`more, if any: --after ${letters.at(-1)!.id}\n`);
}

export function printLetter({ json, write }: Output, letter: StoredLetter): void {
  const whole = { ...summaryOf(letter), headers: textsOf(letter), ...valueOf(letter) };
  if (json) return write(`${JSON.stringify(whole)}\n`);
  for (const [name, value] of Object.entries(whole))
    write(`${name.padEnd(12)}${typeof value === "string" ? value : JSON.stringify(value)}\n`);
  write("\n");
}

export function printResent({ json, write }: Output, resent: Resent): void {
  const { id, outcome, reason } = resent;
  if (json) write(`${JSON.stringify(resent)}\n`);
  else write(`${outcome.padEnd(14)}${id}${reason === null ? "" : `  ${reason}`}\n`);
}

function summaryOf(letter: StoredLetter) {
  const { id, topic, reason, deadAtMs, original, givenBy, cutFromBytes, key, value, sentAgain } = letter;
  const { channel = null, "event-id": eventId = null } = textsOf(letter);
  return {
    id,
    topic,
    reason,
    at: new Date(deadAtMs).toISOString(),
    key: key === null ? null : key.toString(),
    channel,
    eventId,
    original: original && { partition: original.partition, offset: String(original.offset) },
    givenBy,
    cutFromBytes,
    valueBytes: value?.length ?? 0,
    sentAgain,
  };
}

function textsOf({ headers }: StoredLetter): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** What is no text is shown so that nothing of it is lost. */
function valueOf({ value }: StoredLetter): { value: string | null } | { valueBase64: string } {
  if (value === null) return { value: null };
  return isUtf8(value) ? { value: value.toString() } : { valueBase64: value.toString("base64") };
}
