import { z } from "zod";
import { count } from "./setting-types.ts";

export const tlsSchema = z.strictObject({
  certificate_file: z
    .string()
    .min(1)
    .describe("PEM, relative to this file: the certificate, then those between it and the root."),
  private_key_file: z.string().min(1).describe("PEM, relative to this file: the certificate's key, not encrypted."),
});

export type TlsConfig = z.output<typeof tlsSchema>;

export const http2Schema = z.strictObject({
  enabled: z.boolean().default(true).describe("For clients that offer it in the TLS handshake (ALPN)."),
  prior_knowledge: z
    .boolean()
    .default(false)
    .describe("For clients that begin with it in clear, where there is no `tls`."),
  requests_per_connection_max: count(1)
    .max(10_000)
    .default(200)
    .describe("Requests and subscriptions that a connection may have at a time."),
});
