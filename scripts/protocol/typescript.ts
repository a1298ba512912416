import {
  camelCase,
  screamingCase,
  type Constant,
  type Enumeration,
  type Field,
  type Message,
  type Schema,
} from "./schema.ts";

const HEADER = `// Generated from engine/protocol/messages.json by scripts/generate-protocol.ts. Do not edit.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Views of one buffer, so that a codec makes none. */
export interface Block {
  view: DataView;
  bytes: Uint8Array;
}

export function blockOf(bytes: Uint8Array): Block {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes };
}

function putText(bytes: Uint8Array, offset: number, size: number, text: string, field: string): void {
  const { read, written } = encoder.encodeInto(text, bytes.subarray(offset, offset + size));
  if (read !== text.length) throw new RangeError(\`\${field} is longer than \${size} bytes: \${text}\`);
  bytes.fill(0, offset + written, offset + size);
}

function getText(bytes: Uint8Array, offset: number, size: number): string {
  let end = offset;
  while (end < offset + size && bytes[end] !== 0) end++;
  return decoder.decode(bytes.subarray(offset, end));
}

function putBytes(bytes: Uint8Array, offset: number, size: number, value: Uint8Array, field: string): void {
  if (value.length !== size) throw new RangeError(\`\${field} has \${value.length} bytes, not \${size}\`);
  bytes.set(value, offset);
}

function putI128(view: DataView, offset: number, value: bigint): void {
  view.setBigUint64(offset, BigInt.asUintN(64, value), true);
  view.setBigInt64(offset + 8, BigInt.asIntN(64, value >> 64n), true);
}

function getI128(view: DataView, offset: number): bigint {
  return (view.getBigInt64(offset + 8, true) << 64n) | view.getBigUint64(offset, true);
}
`;

/** The TypeScript codec: an interface, an encoder and a decoder for each message. */
export function typescriptOf(schema: Schema): string {
  return [
    HEADER,
    `export const PROTOCOL_VERSION = ${schema.version};`,
    `export const FRAME_HEADER_BYTES = ${schema.frame.headerBytes};`,
    `export const FRAME_BYTES_MAX = ${schema.frame.bytesMax};\n`,
    ...schema.constants.map(constant),
    ...schema.enums.map(enumeration),
    ...schema.messages.map(message),
    registry(schema),
  ].join("\n");
}

function constant({ name, type, value, doc }: Constant): string {
  return `/** ${doc} */\nexport const ${name} = ${type.endsWith("64") ? `${value}n` : value};\n`;
}

function enumeration({ name, doc, values }: Enumeration): string {
  const entries = Object.entries(values).map(([key, code]) => `  ${key}: ${code},`);
  const names = Object.entries(values).map(([key, code]) => `  ${code}: "${key}",`);
  return `/** ${doc} */
export const ${name} = {
${entries.join("\n")}
} as const;
export type ${name} = (typeof ${name})[keyof typeof ${name}];
export type ${name}Name = keyof typeof ${name};
export const ${screamingCase(name)}_NAMES: Readonly<Record<number, ${name}Name>> = {
${names.join("\n")}
};
`;
}

function message(each: Message): string {
  const id = screamingCase(each.name);
  const fields = each.fields.filter((field) => field.kind !== "reserved");
  const own = fields.filter((field) => field.name !== "template" || each.role !== "record");
  return `export const ${id}_TEMPLATE = ${each.id};
export const ${id}_BYTES = ${each.blockLen};

/** ${each.doc} */
export interface ${each.name} {
${own.map((field) => `  /** ${field.doc} */\n  ${camelCase(field.name)}: ${typeOf(field)};`).join("\n")}
}

export function encode${each.name}({ view, bytes }: Block, offset: number, message: ${each.name}): void {
${each.fields.map((field) => `  ${put(each, field)}`).join("\n")}
}

export function decode${each.name}({ view${own.some((field) => field.kind === "text" || field.kind === "bytes") ? ", bytes" : ""} }: Block, offset: number): ${each.name} {
  return {
${own.map((field) => `    ${camelCase(field.name)}: ${get(field)},`).join("\n")}
  };
}
`.replace(
    /\{ view, bytes \}: Block, offset: number, message: (\w+)\): void \{\n([\s\S]*?)\n\}\n/,
    (whole, _type: string, body: string) => tidy(whole, body),
  );
}

/** Leaves out the parameters that a codec does not need. */
function tidy(whole: string, body: string): string {
  const needs = [body.includes("view") ? "view" : null, body.includes("bytes") ? "bytes" : null]
    .filter(Boolean)
    .join(", ");
  const unused = body.includes("message.") ? "message" : "_message";
  return whole.replace("{ view, bytes }", `{ ${needs} }`).replace(", message:", `, ${unused}:`);
}

function typeOf({ kind, size }: Field): string {
  if (kind === "text") return "string";
  if (kind === "bytes") return "Uint8Array";
  return size >= 8 ? "bigint" : "number";
}

function put(owner: Message, field: Field): string {
  const at = field.offset === 0 ? "offset" : `offset + ${field.offset}`;
  const value =
    owner.role === "record" && field.name === "template"
      ? `${screamingCase(owner.name)}_TEMPLATE`
      : `message.${camelCase(field.name)}`;
  switch (field.kind) {
    case "u8":
      return `bytes[${at}] = ${value};`;
    case "u16":
      return `view.setUint16(${at}, ${value}, true);`;
    case "u32":
      return `view.setUint32(${at}, ${value}, true);`;
    case "u64":
      return `view.setBigUint64(${at}, ${value}, true);`;
    case "i64":
      return `view.setBigInt64(${at}, ${value}, true);`;
    case "i128":
      return `putI128(view, ${at}, ${value});`;
    case "text":
      return `putText(bytes, ${at}, ${field.size}, ${value}, "${field.name}");`;
    case "bytes":
      return `putBytes(bytes, ${at}, ${field.size}, ${value}, "${field.name}");`;
    case "reserved":
      return `bytes.fill(0, ${at}, offset + ${field.offset + field.size});`;
  }
}

function get(field: Field): string {
  const at = field.offset === 0 ? "offset" : `offset + ${field.offset}`;
  switch (field.kind) {
    case "u8":
      return `view.getUint8(${at})`;
    case "u16":
      return `view.getUint16(${at}, true)`;
    case "u32":
      return `view.getUint32(${at}, true)`;
    case "u64":
      return `view.getBigUint64(${at}, true)`;
    case "i64":
      return `view.getBigInt64(${at}, true)`;
    case "i128":
      return `getI128(view, ${at})`;
    case "text":
      return `getText(bytes, ${at}, ${field.size})`;
    case "bytes":
      return `bytes.slice(${at}, offset + ${field.offset + field.size})`;
    case "reserved":
      throw new Error("reserved bytes are not read");
  }
}

function registry(schema: Schema): string {
  const rows = schema.messages.map(({ name, id, role }) => {
    const constantName = screamingCase(name);
    return `  ${id}: { name: "${name}", role: "${role}", blockLen: ${constantName}_BYTES, encode: encode${name} as Encode, decode: decode${name} },`;
  });
  return `type Encode = (block: Block, offset: number, message: never) => void;

/** All messages by their template id. */
export const MESSAGES: Readonly<Record<number, { name: string; role: string; blockLen: number; encode: Encode; decode: (block: Block, offset: number) => object }>> = {
${rows.join("\n")}
};
`;
}
