import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export type ApiKeyEnvironment = "live" | "test";

export interface ApiKeyParts {
  environment: ApiKeyEnvironment;
  id: string;
  secret: string;
}

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 12;
const SECRET_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const KEY = /^mib_(live|test)_([0-9A-Za-z]{12})_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

/** How many random bytes a key is made of. */
export const API_KEY_RANDOM_BYTES = 2 * (ID_LENGTH + SECRET_LENGTH);

/** Makes a key from random bytes: `mib_<environment>_<id>_<secret><checksum>`. The secret has 190 bits. */
export function makeApiKey(
  environment: ApiKeyEnvironment,
  random: Uint8Array,
): { id: string; key: string; prefix: string } {
  const digits = Array.from({ length: ID_LENGTH + SECRET_LENGTH }, (_, index) => {
    // 16 bits for a digit: the bias of 65 536 modulo 62 is below one in a thousand.
    const value = ((random[2 * index] as number) << 8) | (random[2 * index + 1] as number);
    return DIGITS[value % DIGITS.length];
  }).join("");
  const id = digits.slice(0, ID_LENGTH);
  const prefix = `mib_${environment}_${id}`;
  const body = `${prefix}_${digits.slice(ID_LENGTH)}`;
  return { id, key: `${body}${checksumOf(body)}`, prefix };
}

/** Takes a key apart. Null when its form or checksum is wrong, so that typing errors and noise cost no look-up. */
export function parseApiKey(key: string): ApiKeyParts | null {
  const match = KEY.exec(key);
  if (!match) return null;
  const [, environment, id, secret, checksum] = match as unknown as [string, ApiKeyEnvironment, string, string, string];
  return checksumOf(key.slice(0, -CHECKSUM_LENGTH)) === checksum ? { environment, id, secret } : null;
}

/** What is stored of a key. It is random, so a fast hash is enough: there is nothing to guess. */
export function hashOfApiKey(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function checksumOf(body: string): string {
  let value = crc32(body);
  let digits = "";
  for (let position = 0; position < CHECKSUM_LENGTH; position += 1) {
    digits = (DIGITS[value % DIGITS.length] as string) + digits;
    value = Math.floor(value / DIGITS.length);
  }
  return digits;
}
