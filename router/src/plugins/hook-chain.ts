import type { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import { codeOf } from "../http/error-body.ts";
import type { OverrideDecision } from "../operation/override-choice.ts";
import { pluginFailure } from "./plugin-failure.ts";
import type { AfterFetch, PlannedOperation, RequestHooks, Stage, SubgraphFetch } from "./plugin.ts";
import { ToldResponse, type ResponseFacts } from "./told-response.ts";

/** Something of a plugin's that is called. */
interface Link<T> {
  plugin: string;
  call: T;
}

const NO_CODES: readonly string[] = Object.freeze([]);

/**
 * The hooks that follow one request or event, called in the plugins' order. Those that may refuse throw, or reject with, a
 * CodedError; a failure of any other is logged, and changes nothing. Nothing is awaited where no plugin takes its time.
 */
export class HookChain {
  readonly #log: Logger;
  readonly #hooks: Link<RequestHooks>[] = [];
  #errorCodes: Set<string> | null = null;
  #responded = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(plugin: string, hooks: RequestHooks): void {
    this.#hooks.push({ plugin, call: hooks });
  }

  /** Whether somebody may change what subgraphs are sent, or wants to know what becomes of each fetch. */
  get followsExecution(): boolean {
    return this.#hooks.some(({ call }) => call.onSubgraphFetch !== undefined);
  }

  /** What decides about the labels of overrides; null when nobody does. */
  get overrideDecision(): OverrideDecision | null {
    return this.#hooks.some(({ call }) => call.onOverride !== undefined) ? (label) => this.#override(label) : null;
  }

  /** Returns what to call at the stage's end, null when nobody cares. */
  stage(stage: Stage): (() => void) | null {
    for (const { call } of this.#hooks) if (call.onStage) return this.#stage(stage);
    return null;
  }

  plan(operation: PlannedOperation): void | Promise<void> {
    return this.#planFrom(0, operation);
  }

  /** Returns what to call when the fetch is over, null when nobody cares. */
  fetch(fetch: SubgraphFetch): AfterFetch | null | Promise<AfterFetch | null> {
    const afters: Link<AfterFetch>[] = [];
    const rest = this.#fetchFrom(0, fetch, afters);
    return rest === undefined ? this.#allOf(afters) : rest.then(() => this.#allOf(afters));
  }

  /** Errors that the answer carries: their codes are told with it. */
  reportErrors(errors: readonly { extensions: Readonly<Record<string, unknown>> }[]): void {
    this.#errorCodes ??= new Set();
    for (const error of errors) this.#errorCodes.add(codeOf([error]));
  }

  /** Tells what was answered; only the first call counts. */
  respond(response: ResponseFacts): void {
    if (this.#responded) return;
    this.#responded = true;
    const told = new ToldResponse(response, this.#errorCodes === null ? NO_CODES : [...this.#errorCodes]);
    for (const { plugin, call } of this.#hooks) {
      try {
        call.onResponse?.(told);
      } catch (error) {
        this.#failed(error, plugin, "onResponse");
      }
    }
  }

  #stage(stage: Stage): (() => void) | null {
    const ends: Link<() => void>[] = [];
    for (const { plugin, call } of this.#hooks) {
      try {
        const end = call.onStage?.(stage);
        if (end) ends.push({ plugin, call: end });
      } catch (error) {
        this.#failed(error, plugin, "onStage");
      }
    }
    if (ends.length === 0) return null;
    return () => {
      for (const { plugin, call } of ends) {
        try {
          call();
        } catch (error) {
          this.#failed(error, plugin, "onStage");
        }
      }
    };
  }

  /** Asks the hooks from this one on, as far as none takes its time; a promise where one does. */
  #planFrom(first: number, operation: PlannedOperation): void | Promise<void> {
    for (let index = first; index < this.#hooks.length; index++) {
      const { plugin, call } = this.#hooks[index]!;
      try {
        const asked: unknown = call.onPlan?.(operation);
        if (asked !== undefined) return this.#planAfter(asked, index, operation);
      } catch (error) {
        throw pluginFailure(error, { plugin, hook: "onPlan" }, this.#log);
      }
    }
  }

  async #planAfter(asked: unknown, index: number, operation: PlannedOperation): Promise<void> {
    try {
      await asked;
    } catch (error) {
      throw pluginFailure(error, { plugin: this.#hooks[index]!.plugin, hook: "onPlan" }, this.#log);
    }
    await this.#planFrom(index + 1, operation);
  }

  /** The same for a fetch: `afters` gets what is to be called at its end. */
  #fetchFrom(first: number, fetch: SubgraphFetch, afters: Link<AfterFetch>[]): void | Promise<void> {
    for (let index = first; index < this.#hooks.length; index++) {
      const { plugin, call } = this.#hooks[index]!;
      try {
        const begun = call.onSubgraphFetch?.(fetch);
        if (begun instanceof Promise) return this.#fetchAfter(begun, index, fetch, afters);
        if (begun) afters.push({ plugin, call: begun });
      } catch (error) {
        throw this.#refusedFetch(error, plugin, afters);
      }
    }
  }

  async #fetchAfter(
    begun: Promise<AfterFetch | undefined>,
    index: number,
    fetch: SubgraphFetch,
    afters: Link<AfterFetch>[],
  ): Promise<void> {
    const { plugin } = this.#hooks[index]!;
    let after: AfterFetch | undefined;
    try {
      after = await begun;
    } catch (error) {
      throw this.#refusedFetch(error, plugin, afters);
    }
    if (after) afters.push({ plugin, call: after });
    await this.#fetchFrom(index + 1, fetch, afters);
  }

  /** Those that were told of the fetch hear that nothing comes of it. */
  #refusedFetch(error: unknown, plugin: string, afters: readonly Link<AfterFetch>[]): CodedError {
    const failure = pluginFailure(error, { plugin, hook: "onSubgraphFetch" }, this.#log);
    this.#allOf(afters)?.({ status: null, bytes: 0, errorCode: failure.code });
    return failure;
  }

  #allOf(afters: readonly Link<AfterFetch>[]): AfterFetch | null {
    if (afters.length === 0) return null;
    return (outcome) => {
      for (const { plugin, call } of afters) {
        try {
          call(outcome);
        } catch (error) {
          this.#failed(error, plugin, "onSubgraphFetch");
        }
      }
    };
  }

  #override(label: string): boolean | null {
    for (const { plugin, call: hooks } of this.#hooks) {
      try {
        const holds = hooks.onOverride?.(label);
        if (holds !== undefined) return holds;
      } catch (error) {
        throw pluginFailure(error, { plugin, hook: "onOverride" }, this.#log);
      }
    }
    return null;
  }

  #failed(error: unknown, plugin: string, hook: string): void {
    this.#log.error({ err: error, plugin, hook }, "a plugin failed");
  }
}
