const BYTE_ORDER_MARKS: [string, number[]][] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];
/** An XML declaration stands at the very beginning. */
const DECLARATION_BYTES_MAX = 200;

/** The text of an XML document by what says its encoding, the strongest first (RFC 7303): a mark, the header, the declaration. */
export function documentText(bytes: Buffer, contentType: string | null): string {
  const marked = BYTE_ORDER_MARKS.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte))?.[0];
  const told = /charset="?([\w-]+)/i.exec(contentType ?? "")?.[1];
  const declaration = /^<\?xml[^>]*\sencoding=["']([\w-]+)["']/i.exec(
    bytes.subarray(0, DECLARATION_BYTES_MAX).toString("latin1"),
  );
  return decoderOf(marked ?? told ?? declaration?.[1] ?? "utf-8").decode(bytes);
}

/** UTF-8 for an encoding that nobody knows. */
function decoderOf(encoding: string): { decode(bytes: Uint8Array): string } {
  try {
    return new TextDecoder(encoding);
  } catch {
    return new TextDecoder();
  }
}
