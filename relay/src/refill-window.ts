import { Deduplicator } from "@mib/events/deduplicator";
import type { StreamEvent } from "@mib/events/event";
import type { TopicWindow } from "@mib/events/topics";

/** An event that a refilled window will hold, and what came before it and will not. */
export interface RefillEntry {
  event: StreamEvent;
  before: { id: string; count: number } | null;
}

interface ChannelWindow {
  entries: RefillEntry[];
  bytes: number;
  /** The newest event that was left out, and how many events the channel had up to it. */
  dropped: { id: string; count: number } | null;
  count: number;
  epoch: string;
}

/**
 * Keeps of a partition's history what its windows will hold in the end, so that a long history costs reading and
 * nothing more. Drops what the log repeats.
 */
export class RefillWindow {
  readonly #limits: TopicWindow;
  readonly #channels = new Map<string, ChannelWindow>();
  readonly #deduplicator = new Deduplicator();
  #bytes = 0;

  constructor(limits: TopicWindow) {
    this.#limits = limits;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  add(event: StreamEvent): void {
    if (!this.#deduplicator.accept(event)) return;
    let channel = this.#channels.get(event.channel);
    if (channel === undefined || channel.epoch !== event.position.epoch) {
      this.#bytes -= channel?.bytes ?? 0;
      channel = { entries: [], bytes: 0, dropped: null, count: 0, epoch: event.position.epoch };
      this.#channels.set(event.channel, channel);
    }
    channel.count += 1;
    channel.entries.push({ event, before: null });
    channel.bytes += event.value.length;
    this.#bytes += event.value.length;
    if (channel.entries.length > 2 * this.#limits.entriesMax || channel.bytes > 2 * this.#limits.bytesMax)
      this.#trim(channel);
  }

  /** Gives away what is held, oldest first per channel, and goes on empty. */
  take(): RefillEntry[] {
    const taken: RefillEntry[] = [];
    for (const channel of this.#channels.values()) {
      this.#trim(channel);
      const [first] = channel.entries;
      if (first !== undefined) first.before = channel.dropped;
      for (const entry of channel.entries) taken.push(entry);
      const last = channel.entries.at(-1);
      if (last !== undefined) channel.dropped = { id: last.event.position.id, count: channel.count };
      channel.entries = [];
      channel.bytes = 0;
    }
    this.#bytes = 0;
    return taken;
  }

  #trim(channel: ChannelWindow): void {
    const { entriesMax, bytesMax } = this.#limits;
    let drop = 0;
    let bytes = channel.bytes;
    while (channel.entries.length - drop > 1 && (channel.entries.length - drop > entriesMax || bytes > bytesMax)) {
      bytes -= channel.entries[drop]!.event.value.length;
      drop += 1;
    }
    if (drop === 0) return;
    const last = channel.entries[drop - 1]!.event;
    channel.dropped = { id: last.position.id, count: channel.count - (channel.entries.length - drop) };
    channel.entries = channel.entries.slice(drop);
    this.#bytes -= channel.bytes - bytes;
    channel.bytes = bytes;
  }
}
