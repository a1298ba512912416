import { createStore } from "./store.ts";
import { ApiError, send } from "./transport.ts";

export interface Session {
  accessToken: string;
  refreshToken: string;
  expiresAt: string;
  user: { id: string; email: string };
}

const KEY = "mib.session";
const REFRESH_BEFORE_MS = 30_000;
const SESSION_FIELDS = "accessToken refreshToken expiresAt user { id email }";

/** Who is logged in, in this tab. Kept for the tab's life only, so that closing it logs out. */
export const session = createStore<Session | null>(readSaved());
session.subscribe(() => {
  const current = session.get();
  if (current) sessionStorage.setItem(KEY, JSON.stringify(current));
  else sessionStorage.removeItem(KEY);
});

let refreshing: Promise<void> | null = null;

/** A token that is still good, refreshed when it is about to expire; null when nobody is logged in. */
export async function accessToken(): Promise<string | null> {
  const current = session.get();
  if (current && Date.parse(current.expiresAt) - Date.now() < REFRESH_BEFORE_MS) {
    // One refresh at a time: a refresh token works once.
    refreshing ??= refresh(current).finally(() => (refreshing = null));
    await refreshing;
  }
  return session.get()?.accessToken ?? null;
}

export async function logIn(email: string, password: string): Promise<void> {
  const query = `mutation ($email: String!, $password: String!) { logIn(email: $email, password: $password) { ${SESSION_FIELDS} } }`;
  session.set((await send<{ logIn: Session }>(null, query, { email, password })).logIn);
}

export async function signUp(email: string, password: string): Promise<void> {
  const query = `mutation ($email: String!, $password: String!) { signUp(email: $email, password: $password) { ${SESSION_FIELDS} } }`;
  session.set((await send<{ signUp: Session }>(null, query, { email, password })).signUp);
}

export async function logOut(): Promise<void> {
  await send(await accessToken(), "mutation { logOut }", {}).catch(() => null);
  session.set(null);
}

async function refresh(current: Session): Promise<void> {
  const query = `mutation ($token: String!) { refreshSession(refreshToken: $token) { ${SESSION_FIELDS} } }`;
  try {
    session.set((await send<{ refreshSession: Session }>(null, query, { token: current.refreshToken })).refreshSession);
  } catch (error) {
    // A router that is away is no reason to log out; a refused token is.
    if (!(error instanceof ApiError) || error.code !== "NETWORK") session.set(null);
  }
}

function readSaved(): Session | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Session | null;
  } catch {
    return null;
  }
}
