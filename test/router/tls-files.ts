import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Each certificate ends on another day. */
let days = 1;

export interface TlsFiles {
  /** As router.yaml has them. */
  tls: { certificate_file: string; private_key_file: string };
  /** What a client trusts, to reach a router with these files. */
  certificate: string;
  /** Puts a new pair, or one half of it, where the old one is, and returns its certificate. */
  renew(which?: "both" | "certificate"): string;
}

/** A certificate of localhost by itself and its key, made for this test and gone with it. */
export function tlsFiles(): TlsFiles {
  const folder = mkdtempSync(join(tmpdir(), "tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [certificateFile, keyFile] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const renew = (which = "both") => {
    const [newCertificate, newKey] = [`${certificateFile}.new`, `${keyFile}.new`];
    const made = [
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
      "-days",
      String(++days),
    ];
    const kept = ["-nodes", "-keyout", newKey, "-out", newCertificate];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    execFileSync("openssl", ["req", "-x509", ...curve, ...made, ...kept], { stdio: "ignore" });
    if (which === "both") renameSync(newKey, keyFile);
    renameSync(newCertificate, certificateFile);
    return readFileSync(certificateFile, "utf8");
  };
  return { certificate: renew(), tls: { certificate_file: certificateFile, private_key_file: keyFile }, renew };
}
