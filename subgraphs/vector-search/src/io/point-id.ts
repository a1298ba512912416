import { createHash } from "node:crypto";

/** The store's ids are numbers or UUIDs: a UUID that an id of ours always gives. */
export function pointIdOf(id: string): string {
  const hex = createHash("sha256").update(id).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
