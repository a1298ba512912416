import { createPrivateKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRouter } from "../../router/src/create-router.ts";
import { readKeyPair } from "../../router/src/http/tls/key-pair.ts";
import { tlsFiles, type TlsFiles } from "./tls-files.ts";

process.env["LOG_LEVEL"] ??= "silent";

test("certificate and key are read as they are", () => {
  const { tls, certificate } = tlsFiles();
  expect(readKeyPair(tls)).toEqual({ certificate, privateKey: readFileSync(tls.private_key_file, "utf8") });
});

test.each<[string, (files: TlsFiles) => void, RegExp]>([
  ["no certificate", ({ tls }) => (tls.certificate_file += ".missing"), /certificate\.pem\.missing: cannot be read$/],
  ["no key", ({ tls }) => (tls.private_key_file += ".missing"), /key\.pem\.missing: cannot be read$/],
  [
    "a key for a certificate",
    ({ tls }) => (tls.certificate_file = tls.private_key_file),
    /key\.pem: does not begin with a certificate in PEM$/,
  ],
  [
    "a certificate for a key",
    ({ tls }) => (tls.private_key_file = tls.certificate_file),
    /certificate\.pem: holds no private key in PEM, or an encrypted one$/,
  ],
  [
    "an encrypted key",
    ({ tls: { private_key_file: key } }) =>
      writeFileSync(
        key,
        createPrivateKey(readFileSync(key)).export({
          type: "pkcs8",
          format: "pem",
          cipher: "aes-256-cbc",
          passphrase: "secret",
        }),
      ),
    /key\.pem: holds no private key in PEM, or an encrypted one$/,
  ],
  ["the key of another", (files) => void files.renew("certificate"), /key\.pem: is not the key of .*certificate\.pem$/],
  [
    "something else behind the certificate",
    ({ tls: { certificate_file: file }, certificate }) =>
      writeFileSync(file, `${certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
    /certificate\.pem: OpenSSL refuses it or what follows it$/,
  ],
])("%s is a problem, and no router starts with it", async (_, spoil, problem) => {
  const files = tlsFiles();
  spoil(files);
  expect(readKeyPair(files.tls)).toEqual({ problem: expect.stringMatching(problem) });
  const settings = { supergraph: { sdl: "type Query { a: Int }" }, listen: { port: 0 }, tls: files.tls };
  await expect(createRouter(settings)).rejects.toThrow(problem);
});
