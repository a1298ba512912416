import type { Caller } from "./caller.ts";

/** A credential that ended before its time. Of a USER all that were issued until then; a SESSION or API_KEY for good. */
export interface Revocation {
  kind: "SESSION" | "API_KEY" | "USER";
  target: string;
  atMs: number;
}

type Listener = (name: string) => void;

/** Revocations that are remembered: an access token that one is about ends by itself long before so many came. */
const REMEMBERED_MAX = 100_000;

/** Which credentials were revoked, and who has to hear of the next one. */
export class Revocations {
  readonly #atMs = new Map<string, number>();
  readonly #listeners = new Set<Listener>();
  #isCurrent: () => boolean = () => true;

  /** Whether they are heard of: as long as they may come late, nothing that lasts is to begin. */
  get areCurrent(): boolean {
    return this.#isCurrent();
  }

  /** Says who knows whether they are heard of; until then nobody is asked. */
  followed(isCurrent: () => boolean): void {
    this.#isCurrent = isCurrent;
  }

  revoke({ kind, target, atMs }: Revocation): void {
    const name = `${kind}:${target}`;
    this.#atMs.delete(name);
    this.#atMs.set(name, atMs);
    if (this.#atMs.size > REMEMBERED_MAX) this.#atMs.delete(this.#atMs.keys().next().value!);
    for (const listener of this.#listeners) listener(name);
  }

  isRevoked({ revocableAs, issuedAtMs }: Caller): boolean {
    if (this.#atMs.size === 0) return false;
    return revocableAs.some((name) => {
      const atMs = this.#atMs.get(name);
      return atMs !== undefined && (!name.startsWith("USER:") || issuedAtMs <= atMs);
    });
  }

  /** Calls the listener with the name of each credential that is revoked from now on. Returns how to end that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
