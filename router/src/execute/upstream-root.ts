import type { PlannedFetch } from "../plan/fetch-plan.ts";
import { SubgraphFailure } from "../subgraph-client/subgraph-failure.ts";
import type { UpstreamEvent } from "../subgraph-client/upstream-sink.ts";
import type { Execution } from "./execution.ts";
import { failureOfExchange } from "./fetch-errors.ts";
import { cloneData } from "./merge.ts";
import type { CompileContext } from "./request-part.ts";
import { writeBody, writeRequestText, type RequestText } from "./request-text.ts";
import { RootPart } from "./root-part.ts";

/** The root field of a subscription that a subgraph serves: how it is asked for, and what each event brings. */
export class UpstreamRoot {
  readonly #subgraph: string;
  readonly #text: RequestText;
  readonly #part: RootPart;

  constructor(fetch: PlannedFetch, context: CompileContext) {
    const { id, subgraph, kind, after } = fetch;
    this.#subgraph = subgraph;
    this.#text = writeRequestText(
      { id, subgraph, kind, parts: [{ fetches: [fetch] }], after },
      context.clientVariables,
    );
    this.#part = new RootPart(fetch, context);
  }

  requestText(variables: Readonly<Record<string, unknown>>): string {
    return writeBody(this.#text, [], variables);
  }

  /** Puts an event into the data. The event itself is not touched: others may get it too. */
  receive(event: UpstreamEvent, execution: Execution): void {
    const run = this.#part.start(execution);
    if (event instanceof SubgraphFailure) run?.fail(failureOfExchange(event, this.#subgraph));
    else run?.receive({ ...event, data: cloneData(event.data) }, []);
  }
}
