import { compareIds } from "@mib/stream-window/layout";
import type { StreamEvent } from "./event.ts";
import type { Position } from "./position.ts";

type Identified = Pick<StreamEvent, "topic" | "channel" | "position" | "eventId"> & { partition?: number };

/**
 * Tells events that were seen from new ones, by the one rule of the platform: per channel not newer than the last position, or
 * a known event id. An event of an epoch that is over in its partition counts as seen: partitions are read side by side, and one
 * may be in the new epoch while another still has events of the old one. Remembers one position per channel and the newest
 * `eventIdsMax` ids.
 *
 * A consumer that keeps its positions stores, per partition, the last event's position and `eventIds()` with them and gives them
 * back to `restore`: what was sent again while it was down is then still recognised.
 */
export class Deduplicator {
  readonly #last = new Map<string, Position>();
  readonly #floors = new Map<string, Position>();
  readonly #retired = new Set<string>();
  readonly #eventIds = new Map<string, Set<string>>();
  readonly #eventIdsMax: number;

  constructor({ eventIdsMax = 20_000 } = {}) {
    this.#eventIdsMax = eventIdsMax;
  }

  /** Everything in the partition up to the position, and every event with one of the ids, was seen before. */
  restore(topic: string, partition: number, last: Position | null, eventIds: Iterable<string> = []): void {
    if (last !== null) this.#floors.set(`${topic}/${partition}`, last);
    for (const eventId of eventIds) this.#remember(topic, eventId);
  }

  /** True once per event; false each time it comes again. */
  accept({ topic, partition = 0, channel, position, eventId }: Identified): boolean {
    const place = `${topic}/${partition}`;
    if (this.#retired.has(`${place}/${position.epoch}`)) return false;
    const key = `${topic}/${channel}`;
    const last = this.#last.get(key) ?? this.#floors.get(place);
    if (last !== undefined) {
      if (last.epoch === position.epoch) {
        if (compareIds(position.id, last.id) <= 0) return false;
      } else {
        this.#retired.add(`${place}/${last.epoch}`);
      }
    }
    if (eventId !== null && this.#eventIds.get(topic)?.has(eventId)) return false;
    this.#last.set(key, position);
    if (eventId !== null) this.#remember(topic, eventId);
    return true;
  }

  /** The newest event ids of a topic, oldest first. */
  eventIds(topic: string, most: number): string[] {
    const all = [...(this.#eventIds.get(topic) ?? [])];
    return all.slice(Math.max(0, all.length - most));
  }

  #remember(topic: string, eventId: string): void {
    let known = this.#eventIds.get(topic);
    if (known === undefined) this.#eventIds.set(topic, (known = new Set()));
    known.add(eventId);
    if (known.size > this.#eventIdsMax) known.delete(known.values().next().value!);
  }
}
