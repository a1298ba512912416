import { screamingCase, type Constant, type Enumeration, type Field, type Message, type Schema } from "./schema.ts";

/** The Rust codec: a struct with `encode` and `decode` for each message. */
export function rustOf(schema: Schema): string {
  return [
    "// Generated from engine/protocol/messages.json by scripts/generate-protocol.ts. Do not edit.\n",
    "use crate::text::Text;\n",
    `pub const PROTOCOL_VERSION: u8 = ${schema.version};`,
    `pub const FRAME_HEADER_BYTES: usize = ${schema.frame.headerBytes};`,
    `pub const FRAME_BYTES_MAX: usize = ${grouped(schema.frame.bytesMax)};\n`,
    ...schema.constants.map(constant),
    ...schema.enums.map(enumeration),
    ...schema.messages.map(message),
    registry(schema),
  ].join("\n");
}

function grouped(value: number | string): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "_");
}

function constant({ name, type, value, doc }: Constant): string {
  return `/// ${doc}\npub const ${name}: ${type} = ${grouped(value)};\n`;
}

function pascal(screaming: string): string {
  return screaming.toLowerCase().replace(/(^|_)([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
}

function enumeration({ name, type, doc, values }: Enumeration): string {
  const entries = Object.entries(values);
  return `/// ${doc}
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(${type})]
pub enum ${name} {
${entries.map(([key, code]) => `    ${pascal(key)} = ${code},`).join("\n")}
}

impl ${name} {
    pub const ALL: [${name}; ${entries.length}] = [
${entries.map(([key]) => `        ${name}::${pascal(key)},`).join("\n")}
    ];

    pub const fn code(self) -> ${type} {
        self as ${type}
    }

    pub const fn from_code(code: ${type}) -> Option<Self> {
        match code {
${entries.map(([key, code]) => `            ${code} => Some(${name}::${pascal(key)}),`).join("\n")}
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
${entries.map(([key]) => `            ${name}::${pascal(key)} => "${key}",`).join("\n")}
        }
    }
}
`;
}

function message(each: Message): string {
  const fields = each.fields.filter((field) => field.kind !== "reserved");
  const own = fields.filter((field) => !isTemplate(each, field));
  return `/// ${each.doc}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ${each.name} {
${own.map((field) => `    /// ${field.doc}\n    pub ${rustName(field)}: ${typeOf(field)},`).join("\n")}
}

impl ${each.name} {
    pub const TEMPLATE: u16 = ${each.id};
    pub const BYTES: usize = ${each.blockLen};

    /// Writes the block. Precondition: \`bytes\` has at least \`BYTES\`.
    #[inline]
    pub fn encode(&self, bytes: &mut [u8]) {
        let block: &mut [u8; Self::BYTES] = (&mut bytes[..Self::BYTES]).try_into().unwrap();
${each.fields.map((field) => `        ${put(each, field)}`).join("\n")}
    }

    /// Reads the block; \`None\` when \`bytes\` is shorter than it. What lies behind it is skipped.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let ${own.length ? "block" : "_block"}: &[u8; Self::BYTES] = bytes.get(..Self::BYTES)?.try_into().ok()?;
        Some(${each.name} {
${own.map((field) => `            ${rustName(field)}: ${get(field)},`).join("\n")}
        })
    }

    /// Field names and values as text, in the order of the block.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
${own.map((field) => `            ("${field.name}", ${show(field)}),`).join("\n")}
        ]
    }
}
`;
}

function isTemplate(owner: Message, field: Field): boolean {
  return owner.role === "record" && field.name === "template";
}

function rustName(field: Field): string {
  return field.name === "final" ? "is_final" : field.name;
}

function typeOf({ kind, size }: Field): string {
  if (kind === "text") return `Text<${size}>`;
  if (kind === "bytes") return `[u8; ${size}]`;
  return kind;
}

function range(field: Field): string {
  return `${field.offset}..${field.offset + field.size}`;
}

function put(owner: Message, field: Field): string {
  if (isTemplate(owner, field)) return `block[${field.offset}] = Self::TEMPLATE as u8;`;
  const value = `self.${rustName(field)}`;
  switch (field.kind) {
    case "u8":
      return `block[${field.offset}] = ${value};`;
    case "text":
      return `block[${range(field)}].copy_from_slice(${value}.bytes());`;
    case "bytes":
      return `block[${range(field)}].copy_from_slice(&${value});`;
    case "reserved":
      return `block[${range(field)}].fill(0);`;
    default:
      return `block[${range(field)}].copy_from_slice(&${value}.to_le_bytes());`;
  }
}

function get(field: Field): string {
  switch (field.kind) {
    case "u8":
      return `block[${field.offset}]`;
    case "text":
      return `Text::from_bytes(block[${range(field)}].try_into().ok()?)`;
    case "bytes":
      return `block[${range(field)}].try_into().ok()?`;
    default:
      return `${field.kind}::from_le_bytes(block[${range(field)}].try_into().ok()?)`;
  }
}

function show(field: Field): string {
  if (field.kind === "bytes") return `self.${rustName(field)}.iter().map(|byte| format!("{byte:02x}")).collect()`;
  return `self.${rustName(field)}.to_string()`;
}

function registry(schema: Schema): string {
  return `/// Name, block length and role of a message by its template id.
pub const fn message_shape(template: u16) -> Option<(&'static str, usize, &'static str)> {
    match template {
${schema.messages.map(({ name, role }) => `        ${name}::TEMPLATE => Some(("${screamingCase(name)}", ${name}::BYTES, "${role}")),`).join("\n")}
        _ => None,
    }
}

/// Field names and values of a block as text; \`None\` for an unknown template or a block that is too short.
pub fn describe(template: u16, bytes: &[u8]) -> Option<Vec<(&'static str, String)>> {
    match template {
${schema.messages.map(({ name }) => `        ${name}::TEMPLATE => ${name}::decode(bytes).map(|message| message.fields()),`).join("\n")}
        _ => None,
    }
}

/// Decodes a block and encodes it again; \`None\` as for \`describe\`.
pub fn recode(template: u16, bytes: &[u8]) -> Option<Vec<u8>> {
    let (_, length, _) = message_shape(template)?;
    let mut out = vec![0xa5; length];
    match template {
${schema.messages.map(({ name }) => `        ${name}::TEMPLATE => ${name}::decode(bytes)?.encode(&mut out),`).join("\n")}
        _ => return None,
    }
    Some(out)
}
`;
}
