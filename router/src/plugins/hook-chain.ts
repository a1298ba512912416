import type { Logger } from "@mib/service/log";
import { codeOf } from "../http/error-body.ts";
import type { OverrideDecision } from "../operation/override-choice.ts";
import { pluginFailure } from "./plugin-failure.ts";
import type {
  AfterFetch,
  FetchOutcome,
  PlannedOperation,
  PluginResponse,
  RequestHooks,
  Stage,
  SubgraphFetch,
} from "./plugin.ts";

/** Something of a plugin's that is called. */
interface Link<T> {
  plugin: string;
  call: T;
}

/**
 * The hooks that follow one request or event, called in the plugins' order. Those that may refuse reject with a CodedError;
 * a failure of any other is logged, and changes nothing.
 */
export class HookChain {
  readonly #log: Logger;
  readonly #hooks: Link<RequestHooks>[] = [];
  readonly #errorCodes = new Set<string>();
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
    const ends: Link<() => void>[] = [];
    for (const { plugin, call: hooks } of this.#hooks) {
      if (!hooks.onStage) continue;
      const end = this.#observe(plugin, "onStage", () => hooks.onStage!(stage));
      if (end) ends.push({ plugin, call: end });
    }
    if (ends.length === 0) return null;
    return () => {
      for (const { plugin, call } of ends) this.#observe(plugin, "onStage", call);
    };
  }

  async plan(operation: PlannedOperation): Promise<void> {
    for (const { plugin, call: hooks } of this.#hooks) {
      try {
        await hooks.onPlan?.(operation);
      } catch (error) {
        throw pluginFailure(error, { plugin, hook: "onPlan" }, this.#log);
      }
    }
  }

  /** Returns what to call when the fetch is over, null when nobody cares. */
  async fetch(fetch: SubgraphFetch): Promise<AfterFetch | null> {
    const afters: Link<AfterFetch>[] = [];
    const after = (outcome: FetchOutcome): void => {
      for (const { plugin, call } of afters) this.#observe(plugin, "onSubgraphFetch", () => call(outcome));
    };
    for (const { plugin, call: hooks } of this.#hooks) {
      try {
        const begun = hooks.onSubgraphFetch?.(fetch);
        const own = begun instanceof Promise ? await begun : begun;
        if (own) afters.push({ plugin, call: own });
      } catch (error) {
        const failure = pluginFailure(error, { plugin, hook: "onSubgraphFetch" }, this.#log);
        after({ status: null, bytes: 0, errorCode: failure.code });
        throw failure;
      }
    }
    return afters.length === 0 ? null : after;
  }

  /** Errors that the answer carries: their codes are told with it. */
  reportErrors(errors: readonly { extensions: Readonly<Record<string, unknown>> }[]): void {
    for (const error of errors) this.#errorCodes.add(codeOf([error]));
  }

  /** Tells what was answered; only the first call counts. */
  respond(response: Omit<PluginResponse, "errorCodes">): void {
    if (this.#responded) return;
    this.#responded = true;
    const told: PluginResponse = { ...response, errorCodes: [...this.#errorCodes] };
    for (const { plugin, call: hooks } of this.#hooks)
      this.#observe(plugin, "onResponse", () => hooks.onResponse?.(told));
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

  #observe<T>(plugin: string, hook: string, call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#log.error({ err: error, plugin, hook }, "a plugin failed");
      return undefined;
    }
  }
}
