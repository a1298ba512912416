import { networkOf } from "@mib/service/network-of";

/** How many of something each address has, of IPv6 each network. */
export class AddressCounts {
  readonly #counts = new Map<string, number>();

  of(address: string): number {
    return this.#counts.get(networkOf(address)) ?? 0;
  }

  add(address: string): void {
    this.#counts.set(networkOf(address), this.of(address) + 1);
  }

  delete(address: string): void {
    const count = this.of(address) - 1;
    if (count > 0) this.#counts.set(networkOf(address), count);
    else this.#counts.delete(networkOf(address));
  }
}
