import type { Field, Schema } from "./schema.ts";

const RULES = `## Rules

- Little-endian. A frame is a header of 32 bytes and \`record_count\` blocks of \`block_len\` bytes; at most 1 MiB in all.
- Texts are UTF-8, filled up with zero bytes. Prices and sizes are integers of 1e-9. Times are nanoseconds since 1970, UTC.
- Records carry a header of 16 bytes with their own template, so that a frame with template 0 may mix those of one length.
- Evolution is append-only: a reader skips what a block has beyond what it knows, and skips and counts templates it does not know.
- A connection begins with Hello. Both sides then speak the lower of the two versions, send a Heartbeat after 1 s of silence
  and take the other side for dead after 5 s.

## Exactly once

A session numbers its records from 1 without holes; \`first_seq\` of a DATA frame is the number of its first record. HelloAck
names the first that is not durable; the feed sends from there on and keeps every record until an Ack of level DURABLE covers
it. The engine drops what it has, so sending too much does no harm; a hole is an error (SESSION_SEQUENCE_GAP) that closes the
connection. A record that is not taken is reported by a Reject; it has its number all the same.

## Queries

A QUERY frame has one block or, where the message says so, many. The reply has the same \`request_id\` and in \`first_seq\` the
engine's sequence as of which it holds; all up to there is durable. A reply of several frames has MORE set in all but the last.
An ERROR frame with the \`request_id\` ends a query as well.

## Subscribers

A native consumer gets what comes of the inputs, once it is durable, on a connection of its own: after the HelloAck (of a Hello
without a session) it sends Subscribe as a QUERY frame, and nothing but Credit, Heartbeat and Goodbye after that. DATA frames with
its \`request_id\` follow the SubscribeAck. They have template 0, and all their records one length; an InstrumentDefinition comes
before the first record of its instrument and tells what \`instrument_id\` means.

- **Order.** What came of an input comes before what came of a later one, on all symbols together, without repeat, and without
  hole unless a SubscriberGap tells of one;
  with CONFLATE this holds for events (trades, final bars), and state comes as it changes. A record with FLAG_SNAPSHOT is the
  state as it stood, not an event: state that \`state\` asks for (frames have MORE until all has been sent), and always with CONFLATE.
- **Resume.** \`first_seq\` of a DATA frame says up to which input nothing is left to send; such a frame may have no records. After a
  cut, Subscribe with \`resume\` and that number goes on. Records of later inputs that have come already come again: a reader
  skips as many of the next input as it had. It does not matter whether the engine was killed meanwhile, as long as its journal is the
  same. Who was cut off before a frame without MORE had come asks for the \`state\` once more.
- **Slow readers.** The engine sends a DATA frame while less than \`window_bytes\` is out beyond what Credit has freed, and keeps no more than a few MiB that a socket
  does not take. What does not fit is not kept in memory: SlowPolicy says what happens then. The journal is the buffer; when it has
  been trimmed beyond the reader, a SubscriberGap says what is missing. A SubscriberStatus says when it falls behind and when it
  is up to date again. An engine that stops sends what it has for a second, as far as Credit lets it.
- **Lost history.** POSITION_UNKNOWN answers a resume after what the journal does not have. Begin without \`resume\`, with \`state\`.
  Two things show it: the position is beyond what is durable, or its \`epoch\` is another one and ended before it, which the engine
  knows only when Kafka had more than its journal. A journal that lost its end and has grown beyond the position since, without
  Kafka, is not found out. An \`epoch\` of 0 leaves its check out.
- JOURNAL_UNREADABLE ends those who need a part of the journal that can't be read (it is damaged, or the disk fails), and nobody else.
  A second query that is refused ends the connection as well.
`;

/** The protocol for people who write a client. */
export function markdownOf(schema: Schema): string {
  return [
    "# Engine protocol\n",
    `Version ${schema.version}. Generated from \`engine/protocol/messages.json\`; golden bytes are in \`engine/protocol/golden/\`.\n`,
    RULES,
    "## Frame header\n",
    table(schema.frame.fields),
    "\n## Messages\n",
    ...schema.messages.map(
      ({ name, id, role, blockLen, doc, fields }) =>
        `### ${name}\n\nTemplate ${id}, ${role}, ${blockLen} bytes. ${doc}\n\n${table(fields)}\n`,
    ),
    "## Codes\n",
    ...schema.enums.map(
      ({ name, type, doc, values }) =>
        `**${name}** (${type}). ${doc} ${Object.entries(values)
          .map(([key, code]) => `\`${key}\` ${code}`)
          .join(" · ")}\n`,
    ),
    "## Constants\n",
    "| name | value | meaning |\n| --- | --- | --- |",
    ...schema.constants.map(({ name, value, doc }) => `| \`${name}\` | ${value} | ${doc} |`),
    "",
  ].join("\n");
}

function table(fields: Field[]): string {
  const rows = fields.map((field) => {
    const type =
      field.kind === "text" || field.kind === "bytes" || field.kind === "reserved"
        ? `${field.kind}, ${field.size}`
        : field.kind;
    return `| ${field.offset} | ${field.kind === "reserved" ? "–" : `\`${field.name}\``} | ${type} | ${field.doc}${field.enumName ? ` (${field.enumName})` : ""} |`;
  });
  return `| at | field | type | meaning |\n| --- | --- | --- | --- |\n${rows.join("\n")}`;
}
