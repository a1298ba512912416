import type { SupergraphSourceConfig } from "../config/supergraph-source-config.ts";

/** A supergraph behind a URL, as the last answer has it. Redirects are not followed. */
export class SupergraphUrl {
  readonly settings: SupergraphSourceConfig;
  #etag: string | null = null;
  #sdl: string | null = null;
  #problem: string | null = null;

  constructor(settings: SupergraphSourceConfig) {
    this.settings = settings;
  }

  /** What is known; a problem when the last answer was none. */
  get current(): { sdl: string } | { problem: string } {
    if (this.#problem !== null) return { problem: this.#problem };
    return this.#sdl === null ? { problem: "not asked for yet" } : { sdl: this.#sdl };
  }

  /** Asks, and returns whether `current` says something else than before. Never rejects. */
  async poll(): Promise<boolean> {
    const { origin, pathname } = new URL(this.settings.url!);
    const [sdl, problem] = [this.#sdl, this.#problem];
    try {
      await this.#ask();
      this.#problem = null;
    } catch (error) {
      const reason = error instanceof BadAnswer ? error.message : reasonOf(error);
      this.#problem = `${origin}${pathname}: ${reason}`; // the rest of a URL may hold a secret
    }
    return this.#sdl !== sdl || this.#problem !== problem;
  }

  async #ask(): Promise<void> {
    const { url, timeout_ms, bytes_max, headers } = this.settings;
    const response = await fetch(url!, {
      headers: {
        accept: "text/plain, */*;q=0.1",
        ...(this.#etag !== null && { "if-none-match": this.#etag }),
        ...headers,
      },
      redirect: "manual",
      signal: AbortSignal.timeout(timeout_ms),
    });
    if (response.status === 304 && this.#sdl !== null) return;
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new BadAnswer(`answers with status ${response.status}`);
    }
    this.#sdl = await textOf(response, bytes_max);
    this.#etag = response.headers.get("etag");
  }
}

class BadAnswer extends Error {}

async function textOf(response: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new BadAnswer(`the answer is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") return "no whole answer in time";
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === "string" ? `cannot be reached (${cause.code})` : "cannot be reached";
}
