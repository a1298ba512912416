/** Something that lives no longer than the credential it was opened with. */
export interface Credentialed {
  /** When its credential ends, in ticks. */
  expiryTick: number | null;
  credentialEnded(): void;
}

const TICK_MS = 500;

/** Ends what was opened with a credential when the credential ends, by one timer for all. */
export class CredentialEnds {
  readonly #byTick = new Map<number, Set<Credentialed>>();
  readonly #timer = setInterval(() => this.#endExpired(), TICK_MS).unref();

  /** Of several ends the earliest counts. */
  add(one: Credentialed, atMs: number): void {
    const tick = Math.ceil(atMs / TICK_MS);
    if (one.expiryTick !== null && one.expiryTick <= tick) return;
    this.delete(one);
    one.expiryTick = tick;
    const others = this.#byTick.get(tick);
    if (others) others.add(one);
    else this.#byTick.set(tick, new Set([one]));
  }

  delete(one: Credentialed): void {
    if (one.expiryTick === null) return;
    const others = this.#byTick.get(one.expiryTick);
    if (others?.delete(one) && others.size === 0) this.#byTick.delete(one.expiryTick);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #endExpired(): void {
    const now = Math.floor(Date.now() / TICK_MS);
    for (const [tick, expired] of this.#byTick) {
      if (tick > now) continue;
      this.#byTick.delete(tick);
      for (const one of expired) one.credentialEnded();
    }
  }
}
