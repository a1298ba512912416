import type { CodedError } from "@mib/service/coded-error";
import type { StreamSpec } from "../channel.ts";
import type { Delivery } from "../delivery.ts";
import { Subscriber } from "../group.ts";
import { mergeGaps, type Gap } from "../stream-source.ts";
import { CHANNELS, type World } from "./world.ts";

/** What one run did: enough to see that it was no idle run. */
export interface SimulationReport {
  published: number;
  delivered: number;
  gaps: number;
  holes: number;
  /** Subscriptions that went on where an earlier one had ended, and those that could not. */
  recovered: number;
  notRecovered: number;
  problems: string[];
}

/** A subscriber that notes what it got and complains about what it should not have got. */
export class Witness extends Subscriber {
  readonly spec: StreamSpec;
  readonly #world: World;
  readonly #problems: string[];
  readonly #report: SimulationReport;
  readonly #lastIndex = new Map<string, number>();
  /** Events that it was told are missing, and that were not yet passed over. */
  #toldMissing = 0;
  /** Goes on after this event of its one channel, or begins with the oldest that is kept. */
  readonly #after: number | "start" | null;
  readonly #seenAtOpen: Map<string, number>;
  #headAtStart: Map<string, number> | null = null;
  readonly #dataLostAtOpen: boolean;
  readonly #headAtOpen: Map<string, number>;
  closed = false;
  failed = false;
  leave: () => void = () => {};

  constructor(world: World, spec: StreamSpec, report: SimulationReport, after: number | "start" | null) {
    super();
    this.#after = after;
    const channel = spec.channels[0]!;
    if (after === "start") {
      this.resume = "start";
      // All events are kept: the first is the one that it begins with.
      if (!world.losesEntries) this.#lastIndex.set(channel, -1);
    } else if (after !== null) {
      this.#lastIndex.set(channel, after);
      this.resume = world.positionOf(world.truth.get(channel)![after]!);
    }
    this.#world = world;
    this.spec = spec;
    this.#problems = report.problems;
    this.#report = report;
    this.#seenAtOpen = new Map(world.seen);
    this.#dataLostAtOpen = world.dataLost;
    this.#headAtOpen = heads(world);
  }

  started(): void {
    if (this.#headAtStart) this.#complain("was started twice");
    this.#headAtStart = heads(this.#world);
  }

  /** The last event that it got of its one channel. */
  get lastSeen(): number | null {
    const last = this.#lastIndex.get(this.spec.channels[0]!);
    return last === undefined || last < 0 ? null : last;
  }

  /** It wants nothing that was before it. */
  get #beginsAnew(): boolean {
    return this.spec.delivery === "EVERY" && this.spec.snapshot === "NONE" && this.#after === null;
  }

  override get connection(): object {
    return this.#world;
  }

  get isFull(): boolean {
    return this.#world.random(10) === 0;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#world.actions.push(resolve));
  }

  fail(error: CodedError): void {
    this.failed = true;
    this.#report.notRecovered += 1;
    // A slow one ends for either reason.
    const reason =
      error.code === "SLOW_CONSUMER" ? (this.#world.losesEntries ? "too_far" : "epoch") : error.details["reason"];
    const channel = this.spec.channels[0]!;
    const isOver = this.#world.isOver(channel, this.#lastIndex.get(channel) ?? 0);
    if (reason === "epoch" && !isOver) this.#complain("was told that its epoch is over");
    if (reason === "too_far" && !this.#world.losesEntries) this.#complain("was told that it came too late");
    this.leave();
    this.closed = true;
  }

  ended(): void {
    this.#complain("was told that its stream is over");
  }

  deliver(delivery: Delivery): boolean {
    const { note } = this;
    this.note = null;
    this.sent = delivery.cursor;
    if (note?.recovered) this.#report.recovered += 1;
    if (this.closed) this.#complain("got something after it had left");
    this.#report.delivered += 1;
    const { data, extensions } = JSON.parse(delivery.text) as {
      data: { channel: string; index: number };
      extensions?: { stream: { gap?: Gap; conflated?: number } };
    };
    const { channel, index } = data;
    const gap = mergeGaps(note?.gap ?? null, extensions?.stream.gap ?? null);
    const last = this.#lastIndex.get(channel);
    if (last !== undefined && index <= last) this.#complain(`got ${channel}:${index} after ${last}`);
    const mayGoBack = this.#world.mayGoBack(channel);
    if (!mayGoBack && this.fromLast && last === undefined && index < this.#headAtOpen.get(channel)!)
      this.#complain(`went on with ${channel}:${index}, ${this.#headAtOpen.get(channel)} was the newest`);
    if (this.spec.delivery === "EVERY") this.#checkEvery(channel, index, last, gap);
    else if (gap) this.#complain("a LATEST subscription was told of a gap");
    const seen = this.#seenAtOpen.get(channel) ?? -1;
    if (!mayGoBack && last === undefined && this.#beginsAnew && index <= seen)
      this.#complain(`began with ${channel}:${index}, which others had before it came`);
    if (!mayGoBack && last === undefined && this.spec.snapshot === "LAST" && this.#after === null && index < seen)
      this.#complain(`began with ${channel}:${index}, others had ${seen}`);
    // One that catches up by itself may be ahead of the others.
    if (this.resume === null) this.#world.seen.set(channel, Math.max(index, this.#world.seen.get(channel) ?? -1));
    this.#lastIndex.set(channel, index);
    return true;
  }

  #checkEvery(channel: string, index: number, last: number | undefined, gap: Gap | null): void {
    if (gap) this.#report.gaps += 1;
    if (last === undefined) {
      const start = this.#headAtStart?.get(channel);
      if (start === undefined && this.spec.snapshot === "NONE" && this.#after === null)
        this.#complain(`got ${channel}:${index} before it was started`);
      // Of a channel without any event, nobody can tell that it had an epoch before the one that is found later.
      const untold =
        !this.#seenAtOpen.has(channel) &&
        this.#world.truth.get(channel)![index]!.epoch !== this.#world.truth.get(channel)![0]!.epoch;
      const isSure = !untold && !this.#world.mayGoBack(channel) && !this.#world.misplacesGaps;
      if (!gap && isSure && start !== undefined && index > start + 1)
        this.#complain(`began with ${channel}:${index}, ${start} was the last at its start`);
      return;
    }
    const missed = index - last - 1;
    const isKept = (between: number) => !this.#world.isForgotten(channel, between);
    const missedKept = Array.from({ length: missed }, (_, i) => last + 1 + i).filter(isKept).length;
    if (this.#world.misplacesGaps) {
      this.#toldMissing += (gap && (gap.count ?? Number.POSITIVE_INFINITY)) ?? 0;
      this.#toldMissing -= missedKept;
      return;
    }
    if (missedKept > 0 && !gap) this.#complain(`missed ${missed} before ${channel}:${index} in silence`);
    const countable = !this.#world.dataLost && !this.#dataLostAtOpen;
    if (gap && gap.count !== null && countable && gap.count !== missed)
      this.#complain(`was told of ${gap.count} missed, it were ${missed}`);
    if (gap && gap.count !== null && missed === 0)
      this.#complain(`was told of a gap where none is, before ${channel}:${index}`);
  }

  /** What it is told to have had, it has had. */
  checkHead(): void {
    const head = this.closed ? null : this.group!.headFor(this);
    if (head !== null && head !== this.sent) this.#complain(`was told of ${head.text}, it had ${this.sent?.text}`);
  }

  /** After everything has settled: the newest event of each channel was delivered. */
  checkEnd(): void {
    if (this.closed) return;
    if (this.spec.delivery === "EVERY" && this.group!.headFor(this) !== this.sent)
      this.#complain("was not told of its newest event");
    if (!this.#headAtStart) return this.#complain("was never started");
    if (this.#toldMissing < 0) this.#complain(`missed ${-this.#toldMissing} in silence`);
    for (const channel of this.spec.channels) {
      if (this.#after !== null) {
        const last = this.#world.truth.get(channel)!.length - 1;
        if (this.#lastIndex.get(channel) !== last)
          this.#complain(`ended at ${channel}:${this.#lastIndex.get(channel)} after a resume, the last is ${last}`);
        continue;
      }
      const head = this.#world.truth.get(channel)!.length - 1;
      const expected = this.spec.snapshot === "LAST" ? head >= 0 : head > this.#headAtStart.get(channel)!;
      const last = this.#lastIndex.get(channel);
      if (expected && last !== head) this.#complain(`ended at ${channel}:${last}, the last is ${head}`);
    }
  }

  #complain(what: string): void {
    this.#problems.push(`${this.spec.key}: ${what}`);
  }
}

/** The newest event of each channel that the store has. */
const heads = (world: World): Map<string, number> =>
  new Map(CHANNELS.map((channel) => [channel, world.headOf(channel)]));
