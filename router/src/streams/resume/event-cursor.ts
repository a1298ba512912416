import type { Position } from "../stream-source.ts";

/** The cursor of one event: signed when it is first asked for, once for all who get the event from the same delivery. */
export class EventCursor {
  readonly position: Position;
  readonly #sign: (position: Position) => string;
  #text: string | null = null;

  constructor(position: Position, sign: (position: Position) => string) {
    this.position = position;
    this.#sign = sign;
  }

  get text(): string {
    return (this.#text ??= this.#sign(this.position));
  }

  isOf({ epoch, id }: Position): boolean {
    return this.position.epoch === epoch && this.position.id === id;
  }
}
