import { cpSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@mib/testkit/free-port";
import { Redis } from "ioredis";
import type { Reaper } from "../../../scripts/local/reaper.mjs";
import { StackProcess } from "./stack-process.ts";

/** A Redis of its own that writes down all that it does, so that it may come back with its data or without. */
export class RedisServer {
  readonly url: string;
  readonly process: StackProcess;
  readonly #data: string;

  private constructor(program: string, port: number, folder: string, reaper: Reaper) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#data = join(folder, "redis");
    const options = { port, bind: "127.0.0.1", dir: this.#data, save: "", appendonly: "yes", appendfsync: "no" };
    this.process = new StackProcess({
      name: "redis",
      program: () => {
        mkdirSync(this.#data, { recursive: true });
        return {
          command: program,
          args: Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]),
        };
      },
      ready: async () => void (await this.#ping()),
      folder: join(folder, "logs"),
      reaper,
    });
  }

  static async create(program: string, folder: string, reaper: Reaper): Promise<RedisServer> {
    const port = await freePort();
    return new RedisServer(program, port, folder, reaper);
  }

  /** Throws its data away; it must not run. */
  forget(): void {
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** Keeps its data as it is now; what is returned puts it back, and must not be called while it runs. */
  remember(): () => void {
    const copy = `${this.#data}-remembered`;
    rmSync(copy, { recursive: true, force: true });
    cpSync(this.#data, copy, { recursive: true });
    return () => {
      this.forget();
      renameSync(copy, this.#data);
    };
  }

  /** Every third message is not published, until what is returned is called. What is appended is there all the same. */
  async loseMessages(): Promise<() => Promise<void>> {
    return this.#with(async (redis) => {
      const [library] = (await redis.call("FUNCTION", "LIST", "WITHCODE")) as string[][];
      // The relay has not appended anything yet.
      if (library === undefined) return async () => {};
      const code = library.at(-1)!;
      const [all, some] = ["if publish == '1' then", "if publish == '1' and count % 3 ~= 0 then"];
      if (!code.includes(all)) throw new Error(`the append function does not have "${all}"`);
      const load = (text: string) => this.#with((connection) => connection.call("FUNCTION", "LOAD", "REPLACE", text));
      await load(code.replace(all, some));
      return async () => void (await load(code));
    });
  }

  /** Leaves a stream its newest entry. */
  trim(key: string): Promise<unknown> {
    return this.#with((redis) => redis.xtrim(key, "MAXLEN", 1));
  }

  delete(key: string): Promise<unknown> {
    return this.#with((redis) => redis.del(key));
  }

  #ping(): Promise<unknown> {
    return this.#with((redis) => redis.ping());
  }

  async #with<Value>(work: (redis: Redis) => Promise<Value>): Promise<Value> {
    const redis = new Redis(this.url, { retryStrategy: () => null, maxRetriesPerRequest: 0, commandTimeout: 5_000 });
    redis.on("error", () => {}); // each command fails with it, too
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }
}
