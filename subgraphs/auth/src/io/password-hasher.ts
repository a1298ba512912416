import { hash, parseOptions, verify } from "@node-rs/argon2";
import { CodedError } from "@mib/service/coded-error";
import type { PasswordHasher } from "../domain/ports.ts";

/** argon2id (the library's default algorithm) with OWASP's parameters: 19 MiB, two passes. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const RUNNING_MAX = 4;
const WAITING_MAX = 100;

/** Hashes passwords off the main thread, a few at a time; more than a hundred waiting are refused. */
export async function createPasswordHasher(): Promise<PasswordHasher> {
  // Compared with where there is no user, so that the answer takes as long.
  const nobody = await hash(crypto.randomUUID(), PARAMETERS);
  const slots = new Slots();
  return {
    hash: (password) => slots.run(() => hash(password, PARAMETERS)),
    async matches(known, password) {
      const equal = await slots.run(() => verify(known ?? nobody, password));
      return equal && known !== null;
    },
    isOutdated(known) {
      const { memoryCost, timeCost } = parseOptions(known);
      return memoryCost < PARAMETERS.memoryCost || timeCost < PARAMETERS.timeCost;
    },
  };
}

class Slots {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= RUNNING_MAX) {
      if (this.#waiting.length >= WAITING_MAX)
        throw new CodedError("SERVICE_UNAVAILABLE", "Too many people are logging in just now.");
      // The slot is handed over, so nobody who comes later can take it in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
