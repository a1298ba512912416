import { field, readConfig } from "@mib/service/config";
import { kafkaFields } from "@mib/events/kafka";
import { subgraphConfig } from "@mib/subgraph-server/subgraph-config";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

const fields = {
  ...subgraphConfig(4004),
  ...kafkaFields,
  /** Ed25519 private key (PKCS8 PEM) that signs access tokens. */
  AUTH_SIGNING_KEY_FILE: field.text(),
  /** Further public keys (SPKI PEM) that the JWKS shows: the next one, or the last one, while keys are changed. */
  AUTH_VERIFICATION_KEY_FILES: field.list(""),
  ACCESS_TOKEN_MS: field.milliseconds(10 * MINUTE_MS, { least: 1_000, most: 10 * MINUTE_MS }),
  /** How long a refresh token may lie unused, and how long a session lasts in all. */
  REFRESH_TOKEN_MS: field.milliseconds(30 * DAY_MS, { least: MINUTE_MS, most: YEAR_MS }),
  SESSION_MS: field.milliseconds(90 * DAY_MS, { least: MINUTE_MS, most: YEAR_MS }),
  /** Which keys are made and accepted: mib_live_… or mib_test_…. */
  API_KEY_ENVIRONMENT: field.oneOf(["live", "test"], "live"),
  /** The first administrator: made at the start when the address is unknown. */
  AUTH_ADMIN_EMAIL: field.optional(field.text()),
  AUTH_ADMIN_PASSWORD_FILE: field.optional(field.text()),
};

export function readAuthConfig() {
  return readConfig(fields);
}
