import { generateKeyPairSync } from "node:crypto";

/** A new Ed25519 pair as PEM: the private key (PKCS8) is the router's, the public key (SPKI) is every subgraph's. */
export function generateIdentityKeys(): { privateKeyPem: string; publicKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privateKeyPem: privateKey, publicKeyPem: publicKey };
}
