import type { PlannedRequest } from "../plan/batch-requests.ts";
import type { PartRun, ToldContexts } from "./request-part.ts";
import { toldAll, writeBody, writeRequestText, type RequestText } from "./request-text.ts";

/** A request as it is sent, and the response names of the lists of each of its parts. */
interface WrittenRequest {
  body: string;
  listNames: readonly (readonly string[])[];
}

/** Texts that are kept for a request: past them one is written anew each time. */
const KEPT_MAX = 16;

/** The texts of a request: one, or where contexts decide which lists there are, one for each such choice. */
export class RequestTexts {
  /** Null where there is one text alone: the request would hold its whole plan. */
  readonly #request: PlannedRequest | null;
  readonly #clientVariables: ReadonlyMap<string, string>;
  readonly #kept = new Map<string, { text: RequestText; listNames: WrittenRequest["listNames"] }>();
  readonly #usual: { text: RequestText; listNames: WrittenRequest["listNames"] };

  constructor(request: PlannedRequest, clientVariables: ReadonlyMap<string, string>) {
    this.#request = request.parts.some(({ fetches }) => fetches[0]!.contexts.length > 0) ? request : null;
    this.#clientVariables = clientVariables;
    this.#usual = textOf(request, clientVariables, toldAll(request));
  }

  /** Whether nothing but the entities of its lists, and variables of the client, tells two requests apart. */
  get isOfEntitiesAlone(): boolean {
    return this.#request === null && this.#usual.text.lists.length > 0;
  }

  /** The response names of the lists of each part, where it is of entities alone. */
  get listNames(): WrittenRequest["listNames"] {
    return this.#usual.listNames;
  }

  /** The request with these representations, where it is of entities alone. */
  writeLists(lists: readonly (readonly string[])[], variables: Readonly<Record<string, unknown>>): string {
    return writeBody(
      this.#usual.text,
      lists.map((texts) => ({ texts, contexts: [] })),
      variables,
    );
  }

  write(runs: readonly (PartRun | null)[], variables: Readonly<Record<string, unknown>>): WrittenRequest {
    if (this.#request === null) {
      const { text, listNames } = this.#usual;
      const lists = runs.map((run) => run?.lists?.[0] ?? null);
      return { body: writeBody(text, lists, variables), listNames };
    }
    const { text, listNames } = this.#textFor(
      this.#request,
      runs.map((run) => run?.lists?.map(({ contexts }) => contexts.map((value) => value !== null)) ?? []),
    );
    const lists = runs.flatMap((run) => run?.lists ?? []);
    return { body: writeBody(text, lists, variables), listNames };
  }

  #textFor(
    request: PlannedRequest,
    told: readonly (readonly ToldContexts[])[],
  ): { text: RequestText; listNames: WrittenRequest["listNames"] } {
    const key = JSON.stringify(told);
    const known = this.#kept.get(key);
    if (known) return known;
    const made = textOf(request, this.#clientVariables, told);
    if (this.#kept.size < KEPT_MAX) this.#kept.set(key, made);
    return made;
  }
}

function textOf(
  request: PlannedRequest,
  clientVariables: ReadonlyMap<string, string>,
  told: readonly (readonly ToldContexts[])[],
): { text: RequestText; listNames: WrittenRequest["listNames"] } {
  const text = writeRequestText(request, clientVariables, told);
  const names = text.lists.map(({ responseName }) => responseName);
  return { text, listNames: told.map(({ length }) => names.splice(0, length)) };
}
