import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";

const SECRET_BYTES_MIN = 32;
/** HMAC-SHA256 cut to its first half: a forger has 2^-128 a try. */
const TAG_BYTES = 16;

const keysSchema = z
  .array(
    z.strictObject({
      id: z.string().regex(/^[A-Za-z0-9]{1,16}$/, "must be 1 to 16 letters and digits"),
      secret: z
        .base64()
        .refine(
          (text) => Buffer.from(text, "base64").length >= SECRET_BYTES_MIN,
          `must be ${SECRET_BYTES_MIN} bytes or more`,
        ),
    }),
  )
  .min(1);

/**
 * The keys that make cursors tamper-proof: the first one signs, all of them verify. All router processes share them, and
 * a key that is no longer first stays until the cursors that it signed have expired.
 */
export class CursorKeys {
  /** Key objects: with the bytes of a secret an HMAC takes several times as long. */
  readonly #secrets: ReadonlyMap<string, KeyObject>;
  readonly #current: string;

  constructor(keys: readonly { id: string; secret: string }[]) {
    this.#secrets = new Map(keys.map(({ id, secret }) => [id, createSecretKey(secret, "base64")]));
    this.#current = keys[0]!.id;
  }

  /** Reads a file of `[{"id", "secret"}]`, the secret in base64. Throws with every problem of it. */
  static fromFile(file: string): CursorKeys {
    const parsed = keysSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
    return new CursorKeys(parsed.data);
  }

  /** `key.content.tag`, safe in URLs and headers. */
  seal(content: string): string {
    const head = `${this.#current}.${Buffer.from(content).toString("base64url")}`;
    return `${head}.${this.#tag(this.#current, head)!.toString("base64url")}`;
  }

  /** Inverts `seal`; null for what no key of the ring has sealed. */
  unseal(sealed: string): string | null {
    const end = sealed.lastIndexOf(".");
    const head = sealed.slice(0, end);
    const [key = "", content] = head.split(".");
    const expected = this.#tag(key, head);
    const given = Buffer.from(sealed.slice(end + 1), "base64url");
    if (expected === null || content === undefined || given.length !== TAG_BYTES) return null;
    return timingSafeEqual(given, expected) ? Buffer.from(content, "base64url").toString() : null;
  }

  #tag(key: string, head: string): Buffer | null {
    const secret = this.#secrets.get(key);
    return secret === undefined ? null : createHmac("sha256", secret).update(head).digest().subarray(0, TAG_BYTES);
  }
}
