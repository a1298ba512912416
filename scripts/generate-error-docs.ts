import { ERROR_CATALOGUE } from "@mib/service/error-catalogue";
import { writeOrCheck } from "./generate/write-or-check.ts";

/** Writes docs/errors.md from the catalogue; with `--check` it only tells whether the file is up to date. */
const rows = Object.entries(ERROR_CATALOGUE).map(
  ([code, { status, meaning, remedy }]) => `| \`${code}\` | ${status} | ${meaning} | ${remedy} |`,
);
const text = `# Errors

Every error that a client can see carries one of these codes in \`extensions.code\`, and \`extensions.service\` where a
subgraph caused it. The status is that of a request which fails as a whole; an error of a single field leaves the
status at 200 and the rest of the answer intact. So does, as GraphQL over HTTP has it, an operation that does not parse or
validate, for clients that accept \`application/json\` only; with \`application/graphql-response+json\` it has its status. Generated from \`packages/service/src/error-catalogue.ts\`.

| code | status | meaning | what to do |
| --- | --- | --- | --- |
${rows.join("\n")}
`;

writeOrCheck("docs/errors.md", text);
