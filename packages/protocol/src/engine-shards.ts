import { CodedError } from "@mib/service/coded-error";
import { EngineClient, type Answer } from "./engine-client.ts";
import { shardOf, shardsOf } from "./shard.ts";

export interface EngineShardsOptions {
  /** Of all engines, in the order of their shards: `unix:/path` or `tcp:host:port`. */
  addresses: readonly string[];
  connections?: number;
  timeoutMs?: number;
}

/** Asks the engines that share the instruments; of one engine all are asked. */
export class EngineShards {
  /** In the order of the shards. */
  readonly all: readonly EngineClient[];

  constructor({ addresses, ...options }: EngineShardsOptions) {
    const shards = shardsOf(addresses);
    this.all = shards.map((shard) => new EngineClient({ ...options, address: addresses[shard.index]!, shard }));
  }

  /** The engine that has the symbol, if any has. */
  of(symbol: string): EngineClient {
    return this.all[shardOf(symbol, this.all.length)]!;
  }

  /**
   * Asks each engine for its own of the symbols, in one question. The answers are in the order of the symbols; where an engine
   * fails, its error stands in the place of each of its own symbols.
   */
  async perSymbol<Value>(
    symbols: readonly string[],
    ask: (engine: EngineClient, symbols: readonly string[]) => Promise<Answer<Value[]>>,
  ): Promise<(Value | CodedError)[]> {
    const places = this.all.map((): number[] => []);
    for (const [at, symbol] of symbols.entries()) places[shardOf(symbol, places.length)]!.push(at);
    const answers = new Array<Value | CodedError>(symbols.length);
    await Promise.all(
      places.map(async (own, shard) => {
        if (own.length === 0) return;
        const asked = own.map((at) => symbols[at]!);
        const answer = await ask(this.all[shard]!, asked).then(({ value }) => value, failureOf);
        for (const [place, at] of own.entries()) answers[at] = answer instanceof CodedError ? answer : answer[place]!;
      }),
    );
    return answers;
  }

  close(): void {
    for (const engine of this.all) engine.close();
  }
}

function failureOf(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  throw error;
}
