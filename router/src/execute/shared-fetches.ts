import type { FetchEnd } from "../subgraph-client/fetch-stats.ts";
import { readAnswer, type SubgraphError, type SubgraphResult } from "../subgraph-client/read-answer.ts";
import type { Cancellable, SubgraphAnswer } from "../subgraph-client/exchange.ts";
import type { SubgraphClient } from "../subgraph-client/subgraph-client.ts";
import type { SubgraphFailure } from "../subgraph-client/subgraph-failure.ts";
import { failureOfExchange } from "./fetch-errors.ts";
import { cloneData } from "./merge.ts";

/** A request for entities, as one execution would send it by itself. */
export interface EntityFetch {
  client: SubgraphClient;
  subgraph: string;
  /** What is sent along: fetches with others are never shared, and identities are in them. */
  headers: Readonly<Record<string, string>>;
  /** The representations of each list. */
  lists: readonly (readonly string[])[];
  /** The response name of each list. */
  listNames: readonly string[];
  /** The body with these representations instead. */
  write(lists: readonly (readonly string[])[]): string;
}

/** Past so many entities another request is made: answers stay within what a subgraph may answer with. */
const ENTITIES_MAX = 100;

/**
 * Fetches of entities that different executions need in the same turn of the event loop: those that differ in nothing but
 * their entities are one request, in which each entity is asked for once. What is sent along (`headers`) is part of what must be
 * equal, so that nobody gets what a subgraph told another subject. Each execution gets an answer as if it had asked alone, and can
 * give up alone.
 */
export class SharedFetches {
  readonly #open = new Map<SubgraphClient, Map<string, SharedFetch>>();
  readonly #shared: () => void;

  /** `shared` is called for each fetch that went along with another one. */
  constructor(shared: () => void) {
    this.#shared = shared;
  }

  /** Rejects with what the exchange fails with, or is cancelled with. `underWay` holds it while it lasts. */
  fetch(fetch: EntityFetch, underWay: Set<Cancellable>): Promise<SubgraphResult> {
    const key = `${JSON.stringify(fetch.headers)} ${fetch.write(fetch.lists.map(() => []))}`;
    if (this.#open.size === 0) setImmediate(() => this.#send());
    let open = this.#open.get(fetch.client);
    if (!open) this.#open.set(fetch.client, (open = new Map()));
    const known = open.get(key);
    const isRoomy = known?.hasRoomFor(fetch) === true;
    const shared = isRoomy ? known : new SharedFetch(fetch);
    if (isRoomy) this.#shared();
    else {
      void known?.send();
      open.set(key, shared);
    }
    return new Promise((resolve, reject) => shared.add(new Participant(fetch, underWay, resolve, reject)));
  }

  #send(): void {
    const open = [...this.#open.values()].flatMap((fetches) => [...fetches.values()]);
    this.#open.clear();
    for (const fetch of open) void fetch.send();
  }
}

/** One execution that waits for its entities. */
class Participant implements Cancellable {
  readonly fetch: EntityFetch;
  readonly #underWay: Set<Cancellable>;
  readonly #resolve: (result: SubgraphResult) => void;
  readonly #reject: (reason: unknown) => void;
  /** What it waits for. */
  request: SharedFetch | null = null;
  isOver = false;

  constructor(
    fetch: EntityFetch,
    underWay: Set<Cancellable>,
    resolve: (result: SubgraphResult) => void,
    reject: (reason: unknown) => void,
  ) {
    this.fetch = fetch;
    this.#underWay = underWay;
    this.#resolve = resolve;
    this.#reject = reject;
    underWay.add(this);
  }

  receive(result: SubgraphResult): void {
    if (this.#end()) this.#resolve(result);
  }

  fail(reason: unknown): void {
    if (this.#end()) this.#reject(reason);
  }

  cancel(failure: SubgraphFailure): void {
    this.fail(failure);
    this.request?.left(failure);
  }

  #end(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.#underWay.delete(this);
    return true;
  }
}

/** One request for the entities of several executions. */
class SharedFetch {
  readonly #fetch: EntityFetch;
  /** For each list, the index of each representation. */
  readonly #lists: Map<string, number>[];
  /** Who waits, and where each of its entities stands in the lists that are sent. */
  readonly #indexes = new Map<Participant, readonly (readonly number[])[]>();
  readonly #exchanges = new Set<Cancellable>();
  #entities = 0;

  constructor(fetch: EntityFetch) {
    this.#fetch = fetch;
    this.#lists = fetch.lists.map(() => new Map());
  }

  hasRoomFor({ lists }: EntityFetch): boolean {
    return this.#entities + lists.reduce((sum, list) => sum + list.length, 0) <= ENTITIES_MAX;
  }

  add(participant: Participant): void {
    const { lists } = participant.fetch;
    participant.request = this;
    const indexes = lists.map((texts, list) => texts.map((text) => this.#indexOf(this.#lists[list]!, text)));
    this.#indexes.set(participant, indexes);
  }

  /** A participant has given up. */
  left(failure: SubgraphFailure): void {
    if (this.#isWanted()) return;
    for (const exchange of this.#exchanges) exchange.cancel(failure);
  }

  async send(): Promise<void> {
    if (!this.#isWanted()) return;
    const { client, subgraph, headers } = this.#fetch;
    const startedAt = performance.now();
    let answer: SubgraphAnswer | null = null;
    let outcome: FetchEnd;
    try {
      const body = this.#fetch.write(this.#lists.map((list) => [...list.keys()]));
      answer = await client.post(body, headers, this.#exchanges, true);
      const result = readAnswer(answer);
      outcome = result.errors.length > 0 ? "errors" : "ok";
      this.#handOut(result);
    } catch (error) {
      outcome = failureOfExchange(error, subgraph).extensions.code;
      if (outcome === "SUBGRAPH_BAD_RESPONSE" && this.#indexes.size > 1) this.#askForEach();
      else for (const participant of this.#indexes.keys()) participant.fail(error);
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    client.stats.ended({ outcome, seconds, entities: this.#entities, bytes: answer?.bytes ?? 0 });
  }

  #isWanted(): boolean {
    for (const { isOver } of this.#indexes.keys()) if (!isOver) return true;
    return false;
  }

  #indexOf(list: Map<string, number>, text: string): number {
    let index = list.get(text);
    if (index === undefined) {
      list.set(text, (index = list.size));
      this.#entities += 1;
    }
    return index;
  }

  #handOut(result: SubgraphResult): void {
    if (this.#indexes.size === 1) {
      const [participant, indexes] = this.#indexes.entries().next().value!;
      if (!this.#hasRepeated(indexes) || !this.#isWhole(result)) return participant.receive(result);
    } else if (!this.#isWhole(result)) return this.#askForEach();
    const given = this.#lists.map(() => new Set<number>());
    for (const [participant, indexes] of this.#indexes)
      if (!participant.isOver) participant.receive(this.#partOf(result, indexes, given));
  }

  /** Whether each entity has its place in the answer: otherwise one of them, or something else, has cost all the others. */
  #isWhole({ data }: SubgraphResult): boolean {
    return this.#fetch.listNames.every((name, list) => {
      const entities = data?.[name];
      return Array.isArray(entities) && entities.length === this.#lists[list]!.size;
    });
  }

  /** Whether an execution asks for one entity several times: it is sent once. */
  #hasRepeated(indexes: readonly (readonly number[])[]): boolean {
    return indexes.some((own, list) => own.length > this.#lists[list]!.size);
  }

  /** What one execution asks for must not harm the others: each asks once more, alone. */
  #askForEach(): void {
    for (const participant of this.#indexes.keys()) {
      if (participant.isOver) continue;
      const alone = new SharedFetch(participant.fetch);
      alone.add(participant);
      void alone.send();
    }
  }

  /** An entity that another execution was given before is copied: each adds to it what it fetches later. */
  #partOf(
    { data, errors, clean }: SubgraphResult,
    indexes: readonly (readonly number[])[],
    given: readonly Set<number>[],
  ): SubgraphResult {
    const { listNames } = this.#fetch;
    const own: Record<string, unknown> = {};
    listNames.forEach((name, list) => {
      const entities = data![name] as readonly unknown[];
      own[name] = indexes[list]!.map((index) => {
        const isFirst = !given[list]!.has(index);
        given[list]!.add(index);
        return isFirst ? entities[index] : cloneData(entities[index]);
      });
    });
    return { data: own, clean, errors: errors.flatMap((error) => ownErrors(error, listNames, indexes)) };
  }
}

/** An error of an entity is told those who asked for it, at each index of theirs; any other one is told everybody. */
function ownErrors(
  error: SubgraphError,
  listNames: readonly string[],
  indexes: readonly (readonly number[])[],
): readonly SubgraphError[] {
  const [name, index, ...rest] = error.path ?? [];
  const list = listNames.indexOf(String(name));
  if (list === -1 || typeof index !== "number") return [error];
  return indexes[list]!.flatMap((own, at) => (own === index ? [{ ...error, path: [name!, at, ...rest] }] : []));
}
