/** `character_not_in_repertoire`: PostgreSQL stores no U+0000, which JSON and GraphQL allow in every text. */
const CHARACTER_NOT_IN_REPERTOIRE = "22021";

/** Whether an error of node-postgres means that a text which a caller gave can be neither stored nor looked for. */
export function isUnstorableText(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === CHARACTER_NOT_IN_REPERTOIRE;
}
