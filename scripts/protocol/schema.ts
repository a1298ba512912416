import { readFileSync } from "node:fs";

type ScalarType = "u8" | "u16" | "u32" | "u64" | "i64" | "i128";

/** A field with its place in the block. `size` is in bytes. */
export interface Field {
  name: string;
  kind: ScalarType | "text" | "bytes" | "reserved";
  offset: number;
  size: number;
  enumName: string | null;
  doc: string;
}

export interface Message {
  name: string;
  id: number;
  role: "record" | "control" | "error" | "query" | "reply";
  blockLen: number;
  doc: string;
  /** All fields in order, those of the record header first where the message has one. */
  fields: Field[];
}

export interface Enumeration {
  name: string;
  type: ScalarType;
  doc: string;
  values: Record<string, number>;
}

export interface Constant {
  name: string;
  type: ScalarType;
  value: string;
  doc: string;
}

export interface Schema {
  version: number;
  frame: { headerBytes: number; bytesMax: number; fields: Field[] };
  constants: Constant[];
  enums: Enumeration[];
  messages: Message[];
}

interface RawField {
  name: string;
  type: string;
  enum?: string;
  doc?: string;
}

const SCALAR_BYTES: Record<ScalarType, number> = { u8: 1, u16: 2, u32: 4, u64: 8, i64: 8, i128: 16 };

/** Records begin with these 16 bytes, so that frames can mix them. */
const RECORD_HEADER: RawField[] = [
  { name: "template", type: "u8", doc: "Id of the message." },
  { name: "flags", type: "u8", doc: "Sum of FLAG_…" },
  {
    name: "publisher_id",
    type: "u16",
    doc: "Source within the feed, a venue's channel for instance; 0 when there is one only.",
  },
  {
    name: "instrument_id",
    type: "u32",
    doc: "In a session the session's number of the instrument, in replies the engine's.",
  },
  { name: "ts_event_nanos", type: "u64", doc: "When it happened at the venue, ns UTC." },
];

/** Reads messages.json and lays out the fields; refuses a layout that is not aligned or does not add up. */
export function readSchema(path: string): Schema {
  const raw = JSON.parse(readFileSync(path, "utf8"));
  const enumNames = new Set(raw.enums.map((each: Enumeration) => each.name));
  const messages = raw.messages.map((message: Omit<Message, "fields"> & { fields: RawField[] }): Message => {
    const fields = layOut(
      message.name,
      message.role === "record" ? [...RECORD_HEADER, ...message.fields] : message.fields,
    );
    const length = end(fields);
    if (length !== message.blockLen) throw new Error(`${message.name} has ${length} bytes, not ${message.blockLen}`);
    for (const field of fields) {
      if (field.enumName !== null && !enumNames.has(field.enumName))
        throw new Error(`${message.name}.${field.name}: no enum ${field.enumName}`);
    }
    return { ...message, fields };
  });
  const ids = messages.map((message: Message) => message.id);
  if (new Set(ids).size !== ids.length) throw new Error("two messages have the same id");
  const frameFields = layOut("frame", raw.frame.fields);
  if (end(frameFields) !== raw.frame.headerBytes) throw new Error("the frame header does not add up");
  return { ...raw, messages, frame: { ...raw.frame, fields: frameFields } };
}

function layOut(owner: string, fields: RawField[]): Field[] {
  let offset = 0;
  return fields.map((field) => {
    const [kind, length] = field.type.split(":") as [Field["kind"], string | undefined];
    const size = length === undefined ? SCALAR_BYTES[kind as ScalarType] : Number(length);
    const alignment = length === undefined ? Math.min(size, 8) : 1;
    if (!size || offset % alignment !== 0) throw new Error(`${owner}.${field.name}: ${field.type} at ${offset}`);
    const placed = { name: field.name, kind, offset, size, enumName: field.enum ?? null, doc: field.doc ?? "" };
    offset += size;
    return placed;
  });
}

function end(fields: Field[]): number {
  const last = fields.at(-1)!;
  return last.offset + last.size;
}

export function camelCase(snake: string): string {
  return snake.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function screamingCase(pascal: string): string {
  return pascal.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}
