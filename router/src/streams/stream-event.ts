import type { WindowEntry } from "@mib/stream-window/layout";

/** One event of a channel as the groups see it: the payload is parsed once, whoever needs it. */
export class StreamEvent {
  readonly channelKey: string;
  readonly topic: string;
  readonly channel: string;
  readonly entry: WindowEntry;
  #payload: unknown;
  #parsed = false;

  constructor({ key, topic, name }: { key: string; topic: string; name: string }, entry: WindowEntry) {
    this.channelKey = key;
    this.topic = topic;
    this.channel = name;
    this.entry = entry;
  }

  /** The event's value; undefined when it is no JSON, which the relay's validation rules out. */
  get payload(): unknown {
    if (!this.#parsed) {
      this.#parsed = true;
      try {
        this.#payload = JSON.parse(this.entry.value);
      } catch {
        this.#payload = undefined;
      }
    }
    return this.#payload;
  }
}
