import type { CallerIdentity } from "@mib/identity/caller-identity";
import { requireSubject } from "@mib/identity/require-subject";
import { CodedError } from "@mib/service/coded-error";
import type { AuthStore } from "./ports.ts";

/** Who asks, and from which address, where the router says so. */
export interface Caller {
  identity: CallerIdentity;
  origin: string | null;
}

/**
 * The user of a session that still lives. An API key can't change the account that it belongs to, and an access token
 * whose session has ended is refused here even before the news of it has reached the router.
 */
export async function requireSession(
  caller: Caller,
  store: AuthStore,
  now: Date,
): Promise<{ userId: string; sessionId: string }> {
  const userId = requireSubject(caller.identity);
  const { credential, sessionId } = caller.identity;
  if (credential !== "session" || sessionId === null)
    throw new CodedError("FORBIDDEN", "This needs a session: log in, an API key is not enough.");
  const session = await store.sessionById(sessionId);
  if (!session || session.userId !== userId || session.revokedAt !== null || session.expiresAt <= now) {
    throw new CodedError("CREDENTIAL_INVALID");
  }
  return { userId, sessionId };
}
