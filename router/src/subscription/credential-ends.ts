import type { Caller } from "../authentication/caller.ts";
import type { Revocations } from "../authentication/revocations.ts";

/** Something that lives no longer than the credentials it was opened with. */
export interface Credentialed {
  credentialEnded(): void;
}

const TICK_MS = 500;

/** Ends what was opened with a credential when the credential expires, by one timer for all, or is revoked. */
export class CredentialEnds {
  readonly #callers = new Map<Credentialed, Set<Caller>>();
  readonly #byTick = new Map<number, Set<Credentialed>>();
  /** By each name under which a credential may be revoked. */
  readonly #byName = new Map<string, Set<Credentialed>>();
  readonly #timer = setInterval(() => this.#endExpired(), TICK_MS).unref();
  readonly #revocations: Revocations;
  readonly #leave: () => void;

  constructor(revocations: Revocations) {
    this.#revocations = revocations;
    this.#leave = revocations.listen((name) => this.#endRevoked(name));
  }

  /** It lives by this caller's credential too: of several ends the earliest counts. */
  add(one: Credentialed, caller: Caller): void {
    // It may have been revoked while the request was under way.
    if (this.#revocations.isRevoked(caller)) return queueMicrotask(() => one.credentialEnded());
    if (caller.expiresAtMs === null && caller.revocableAs.length === 0) return;
    // Verified anew it is the same credential: what holds is when it was first.
    for (const known of this.#callers.get(one) ?? []) if (isSameCredential(known, caller)) return;
    addTo(this.#callers, one, caller);
    if (caller.expiresAtMs !== null) addTo(this.#byTick, tickOf(caller.expiresAtMs), one);
    for (const name of caller.revocableAs) addTo(this.#byName, name, one);
  }

  /** It lives by this caller's credential, and by no other that it had before. */
  replace(one: Credentialed, caller: Caller): void {
    this.delete(one);
    this.add(one, caller);
  }

  delete(one: Credentialed): void {
    for (const caller of this.#callers.get(one) ?? []) {
      if (caller.expiresAtMs !== null) deleteFrom(this.#byTick, tickOf(caller.expiresAtMs), one);
      for (const name of caller.revocableAs) deleteFrom(this.#byName, name, one);
    }
    this.#callers.delete(one);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#leave();
  }

  #endExpired(): void {
    const now = Math.floor(Date.now() / TICK_MS);
    for (const [tick, expired] of this.#byTick) {
      if (tick > now) continue;
      this.#byTick.delete(tick);
      for (const one of expired) one.credentialEnded();
    }
  }

  #endRevoked(name: string): void {
    for (const one of this.#byName.get(name) ?? []) {
      const callers = [...(this.#callers.get(one) ?? [])];
      if (callers.some((caller) => this.#revocations.isRevoked(caller))) one.credentialEnded();
    }
  }
}

const tickOf = (atMs: number): number => Math.ceil(atMs / TICK_MS);

function isSameCredential(one: Caller, other: Caller): boolean {
  return one.expiresAtMs === other.expiresAtMs && one.revocableAs.join() === other.revocableAs.join();
}

function addTo<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const others = sets.get(key);
  if (others) others.add(value);
  else sets.set(key, new Set([value]));
}

function deleteFrom<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const others = sets.get(key);
  if (others?.delete(value) && others.size === 0) sets.delete(key);
}
