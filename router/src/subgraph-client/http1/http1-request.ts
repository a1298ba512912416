import type { ListNode } from "../linked-list.ts";
import type { AnswerHandler, SentRequest } from "../transport.ts";

/** Whoever a request is with: a pool in which it waits, or the connection that it was sent on. */
export interface RequestOwner {
  giveUp(request: Http1Request): void;
}

/** A request as it goes over a connection: whole, so that it leaves in one write. */
export class Http1Request implements SentRequest {
  /** A text of one byte per character, or the bytes. */
  readonly text: string | Buffer;
  readonly handler: AnswerHandler;
  /** Whether it may be sent once more, when a connection that was used before turns out to be closed. */
  repeatable: boolean;
  /** Null when it is over. */
  owner: RequestOwner | null = null;
  /** Where it stands while it waits for a connection. */
  waiting: ListNode<Http1Request> | null = null;

  constructor(text: string | Buffer, handler: AnswerHandler, repeatable: boolean) {
    this.text = text;
    this.handler = handler;
    this.repeatable = repeatable;
  }

  abort(): void {
    this.owner?.giveUp(this);
  }
}
