import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { TlsConfig } from "../../config/listener-config.ts";

/** By what the router shows who it is: both as PEM. */
export interface KeyPair {
  certificate: string;
  privateKey: string;
}

/** The pair that the files hold, or why they hold none that a server could use. */
export function readKeyPair({
  certificate_file: certificateFile,
  private_key_file: keyFile,
}: TlsConfig): KeyPair | { problem: string } {
  const certificate = textOf(certificateFile);
  if (certificate === null) return { problem: `${certificateFile}: cannot be read` };
  const privateKey = textOf(keyFile);
  if (privateKey === null) return { problem: `${keyFile}: cannot be read` };
  const own = attempt(() => new X509Certificate(certificate));
  if (own === null) return { problem: `${certificateFile}: does not begin with a certificate in PEM` };
  const key = attempt(() => createPrivateKey(privateKey));
  if (key === null) return { problem: `${keyFile}: holds no private key in PEM, or an encrypted one` };
  if (!own.checkPrivateKey(key)) return { problem: `${keyFile}: is not the key of ${certificateFile}` };
  // What a certificate and its key may be, and the certificates behind it, is for OpenSSL to judge.
  const context = attempt(() => createSecureContext({ cert: certificate, key: privateKey }));
  if (context === null) return { problem: `${certificateFile}: OpenSSL refuses it or what follows it` };
  return { certificate, privateKey };
}

/** The same where TLS is on, null where it is off. Throws what is wrong. */
export function keyPairOf(tls: TlsConfig | null): KeyPair | null {
  const pair = tls && readKeyPair(tls);
  if (pair !== null && "problem" in pair) throw new Error(pair.problem);
  return pair;
}

function textOf(file: string): string | null {
  return attempt(() => readFileSync(file, "utf8"));
}

/** Null where it throws: the reasons that Node gives say less than what was attempted. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
