export interface CheckResult {
  ok: boolean;
  detail?: unknown;
}

export interface HealthReport {
  ready: boolean;
  checks: Record<string, CheckResult>;
}

/** A check answers with details when all is well and throws when it is not. */
export type Check = () => unknown | Promise<unknown>;

const CHECK_TIMEOUT_MS = 2_000;

/** What a process needs in order to serve: `/ready` runs the checks side by side, each with a time limit. */
export class Health {
  readonly #checks = new Map<string, Check>();
  #draining = false;

  check(name: string, check: Check): void {
    this.#checks.set(name, check);
  }

  /** From now on the process is not ready: it finishes what it has and takes nothing new. */
  drain(): void {
    this.#draining = true;
  }

  async report(): Promise<HealthReport> {
    const entries = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await runCheck(check)] as const),
    );
    const checks = Object.fromEntries(entries);
    if (this.#draining) checks.draining = { ok: false };
    return { ready: Object.values(checks).every((result) => result.ok), checks };
  }
}

async function runCheck(check: Check): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    const detail = await Promise.race([(async () => check())(), timeout]);
    return detail === undefined ? { ok: true } : { ok: true, detail };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
