import { readFileSync } from "node:fs";
import { createIdentitySigner, type IdentitySigner } from "@mib/identity/identity-signer";
import type { RouterConfig } from "../config/router-config.ts";

/** Reads the key that the configuration names; null where it names none. */
export async function loadSigner({ identity }: RouterConfig): Promise<IdentitySigner | null> {
  const file = identity.private_key_file;
  return file === null ? null : createIdentitySigner({ privateKeyPem: readFileSync(file, "utf8") });
}
