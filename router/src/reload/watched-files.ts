import { statSync } from "node:fs";

const INTERVAL_MS = 1_000;

/**
 * Calls back when one of the files may have changed. Looks at them once a second: files that are replaced, reached by
 * symbolic links, or mounted into a container are missed by the system's own notifications.
 */
export class WatchedFiles {
  readonly #changed: () => void;
  readonly #timer: NodeJS.Timeout;
  #known = new Map<string, string | null>();

  constructor(changed: () => void) {
    this.#changed = changed;
    this.#timer = setInterval(() => this.#look(), INTERVAL_MS).unref();
  }

  /** From now on these, and no others. One that is new counts as changed: it may have been since it was read. */
  follow(files: readonly string[]): void {
    this.#known = new Map(files.map((file) => [file, this.#known.get(file) ?? null]));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    let differs = false;
    for (const [file, before] of this.#known) {
      const now = signatureOf(file);
      if (now === before) continue;
      this.#known.set(file, now);
      differs = true;
    }
    if (differs) this.#changed();
  }
}

function signatureOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : "absent";
}
