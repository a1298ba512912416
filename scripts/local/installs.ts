import type { Installed, InstallationName } from "./install/plan.mjs";

type Arriving = { [Name in InstallationName]: Promise<Installed[Name]> };

/** What the launcher finds or installs: promised here, and resolved as it arrives. */
export class Installs {
  readonly #pending = new Map<string, PromiseWithResolvers<unknown>>();

  readonly all = new Proxy({} as Arriving, { get: (_, name: string) => this.#of(name).promise });

  arrived(name: string, value: unknown): void {
    this.#of(name).resolve(value);
  }

  #of(name: string): PromiseWithResolvers<unknown> {
    let pending = this.#pending.get(name);
    if (pending === undefined) this.#pending.set(name, (pending = Promise.withResolvers()));
    return pending;
  }
}
