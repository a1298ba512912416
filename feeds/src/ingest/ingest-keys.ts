import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { CodedError } from "@mib/service/coded-error";
import { z } from "zod";
import { INGEST_KINDS, type IngestKindName } from "./ingest-kind.ts";

const kinds = Object.keys(INGEST_KINDS) as [IngestKindName, ...IngestKindName[]];
const file = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be the key's SHA-256 in 64 hexadecimal digits"),
        scopes: z.array(z.enum(kinds)).min(1),
      }),
    )
    .min(1)
    .max(1_000),
});

export interface IngestKey {
  name: string;
  scopes: readonly IngestKindName[];
}

/** Who may give what. The keys themselves are nowhere, only their hashes. */
export class IngestKeys {
  readonly #keys: { hash: Buffer; key: IngestKey }[];

  /** Throws a CodedError BAD_USER_INPUT that says what is wrong with the file. */
  static read(path: string): IngestKeys {
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
      const reason = (error as Error).message;
      throw new CodedError("BAD_USER_INPUT", `the keys ${path} can't be read: ${reason}`, {}, { cause: error });
    }
    const parsed = file.safeParse(json);
    if (!parsed.success)
      throw new CodedError(
        "BAD_USER_INPUT",
        `the keys ${path} are not as they must be: ${z.prettifyError(parsed.error)}`,
      );
    return new IngestKeys(
      parsed.data.keys.map(({ name, sha256, scopes }) => ({ hash: Buffer.from(sha256, "hex"), key: { name, scopes } })),
    );
  }

  private constructor(keys: { hash: Buffer; key: IngestKey }[]) {
    this.#keys = keys;
  }

  /** Null for a key that is not known. */
  find(secret: string): IngestKey | null {
    const hash = createHash("sha256").update(secret).digest();
    return this.#keys.find((each) => timingSafeEqual(each.hash, hash))?.key ?? null;
  }
}
