import type { Answered, Asked, WorkerMessage } from "./worker-messages.ts";

const ANSWER_MS_MAX = 1_500;

/** Questions to another process, each with its answer or a rejection in time. */
export class Conversation {
  readonly #send: (message: WorkerMessage) => void;
  readonly #open = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  constructor(send: (message: WorkerMessage) => void) {
    this.#send = send;
  }

  ask(what: Asked["what"]): Promise<unknown> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(new Error(`no ${what} within ${ANSWER_MS_MAX} ms`));
      }, ANSWER_MS_MAX);
      this.#open.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#send({ kind: "asked", id, what });
    });
  }

  heard({ id, answer }: Answered): void {
    this.#open.get(id)?.(answer);
    this.#open.delete(id);
  }
}
