// Prints a signed identity, to work on a single subgraph without the router:
//   curl -H "x-mib-identity: $(npm run -s identity -- --role analyst --audience auth)" …
import { globSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ANONYMOUS, type CallerIdentity } from "@mib/identity/caller-identity";
import { createIdentitySigner } from "@mib/identity/identity-signer";

const root = join(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    audience: { type: "string", default: "market-data" },
    role: { type: "string", multiple: true, default: [] },
    scope: { type: "string", multiple: true, default: [] },
    subject: { type: "string" },
    key: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(
    "npm run identity -- [--audience SUBGRAPH] [--role ROLE]… [--scope SCOPE]… [--subject USER_ID] [--key PEM_FILE]",
  );
  process.exit(0);
}

const signer = await createIdentitySigner({ privateKeyPem: readFileSync(privateKeyFile(), "utf8") });
console.log(await signer.sign(identityOf(values), values.audience));

/** Without a role, a scope or a subject the caller is anonymous, as it is for subgraphs with `identity: none`. */
function identityOf({
  role,
  scope,
  subject,
}: {
  role: string[];
  scope: string[];
  subject?: string | undefined;
}): CallerIdentity {
  if (role.length === 0 && scope.length === 0 && subject === undefined) return ANONYMOUS;
  return {
    subject: subject ?? "00000000-0000-4000-8000-000000000000",
    roles: role,
    scopes: scope,
    credential: "session",
    sessionId: null,
  };
}

/** The router's key: the one named, or that of the data set of the local stack that was used last. */
function privateKeyFile(): string {
  const named = values.key ?? process.env.IDENTITY_PRIVATE_KEY_FILE;
  if (named) return named;
  const files = globSync(".data/**/identity.key.pem", { cwd: root }).map((file) => join(root, file));
  const [newest] = files.sort((a, b) => statSync(dirname(dirname(b))).mtimeMs - statSync(dirname(dirname(a))).mtimeMs);
  if (newest) return newest;
  console.error("No key: run `npm start` once, or name the router's with --key or IDENTITY_PRIVATE_KEY_FILE.");
  process.exit(78);
}
