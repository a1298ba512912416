import { z } from "zod";
import { count, url } from "./setting-types.ts";

export const supergraphSourceSchema = z
  .strictObject({
    file: z.string().min(1).nullable().default(null).describe("The supergraph's SDL, relative to this file."),
    url: url().nullable().default(null).describe("Where the supergraph's SDL is asked for, instead of a file."),
    poll_ms: count(100).default(10_000).describe("How long after an answer the URL is asked again."),
    timeout_ms: count(1).default(5_000).describe("For one answer of the URL."),
    bytes_max: count(1).default(16_777_216).describe("Past it the answer is refused."),
    headers: z
      .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/))
      .default({})
      .describe("Sent to the URL: an authorization, for instance."),
    warm_operations_max: count()
      .default(200)
      .describe("Operations, the most used ones, that are planned on a new supergraph before it is taken into use."),
    warm_ms_max: count().default(10_000).describe("After so long a new supergraph is taken into use all the same."),
  })
  .refine(({ file, url: address }) => (file === null) !== (address === null), "needs a file or a url, and not both");

export type SupergraphSourceConfig = z.output<typeof supergraphSourceSchema>;
