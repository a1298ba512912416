import { createHash } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import { DataSource } from "@mib/protocol/messages.generated";
import { CodedError } from "@mib/service/coded-error";
import { askEngine } from "../engine-knowledge.ts";
import { openEngineSession, type EngineSession } from "../engine-session.ts";
import type { Feed, FeedContext } from "../feed.ts";
import { NEWS_TOPIC } from "../news/article.ts";
import { Crowd } from "./crowd.ts";
import { simulatedUniverse, type Universe } from "./instruments.ts";
import type { Jump } from "./jumps.ts";
import { Measurements } from "./measurements.ts";
import { readKnownMarket } from "./known-market.ts";
import { simulatedSensors } from "./sensors.ts";
import { Simulation, type KnownMarket } from "./simulation.ts";

export interface SimulatorOptions {
  seed: string;
  /** When the market opens; null: now. With a time, the same seed and rate give the same records on an engine that is empty. */
  startMicros: number | null;
  /** Records per second over all instruments. */
  rate: number;
  /** Null: all 200. */
  symbols: readonly string[] | null;
  /** Where the jumps are written to, a JSON object a line; null: nowhere. */
  labelsFile: string | null;
}

/** What goes on around the market. */
interface Surroundings {
  crowd: Crowd;
  measurements: Measurements;
}

const PAST_S = 2 * 86_400;
const PAUSE_MS = 1;
/** Longest piece of simulated time that is written without a look at the session. */
const SLICE_MICROS = 10_000;

/**
 * The simulated market, its time going with the clock. Beside an engine that knows the market already it fills the gap and goes
 * on from the last prices. With a start time, a run that was cut off is told again from its beginning, and the session leaves
 * out what the engine has.
 */
export class SimulatorFeed implements Feed {
  readonly name = "simulator";
  readonly #options: SimulatorOptions;
  readonly #universe: Universe;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#universe = universeOf(options.symbols);
  }

  async run(context: FeedContext): Promise<void> {
    const { signal, log } = context;
    const { session, simulation, known } = await this.#begin(context);
    await using _ = session;
    const around = this.#surroundings(simulation, known);
    simulation.define(session.sink);
    const slices = simulation.backfill(session.sink);
    for (;;) {
      const { done, value } = slices.next();
      if (done) {
        context.events.publish(
          NEWS_TOPIC,
          value.map(({ article }) => article),
        );
        context.events.publish("sensor.definitions.v1", around.measurements.definitions(), ({ sensor }) => sensor);
        tell(context, around, simulation.atMicros);
        break;
      }
      await session.room();
      await turn();
      signal.throwIfAborted();
    }
    simulation.open(session.sink);
    log.info({ instruments: this.#universe.instruments.length, rate: this.#options.rate }, "the market is open");
    // Simulated time goes with the clock; with a start time of its own, from where it stands at the first record that is new.
    let ahead = this.#options.startMicros === null ? 0 : null;
    while (!signal.aborted) {
      if (session.fresh) ahead ??= simulation.atMicros - nowMicros();
      const due = ahead === null ? Number.POSITIVE_INFINITY : nowMicros() + ahead;
      const { jumps, articles } = simulation.advance(Math.min(due, simulation.atMicros + SLICE_MICROS), session.sink);
      if (articles.length > 0)
        context.events.publish(
          NEWS_TOPIC,
          articles.map(({ article }) => article),
        );
      for (const jump of jumps) around.crowd.report(jump);
      tell(context, around, simulation.atMicros);
      if (jumps.length > 0) await this.#label(jumps);
      const lagMicros = due - simulation.atMicros;
      context.metrics.lagSeconds.set(Number.isFinite(lagMicros) ? Math.max(0, lagMicros / 1e6) : 0);
      await session.room();
      if (lagMicros < SLICE_MICROS) await delay(PAUSE_MS);
      else await turn();
    }
  }

  /** Two days of what was posted and measured, or since what the engine knows. */
  #surroundings(simulation: Simulation, known: KnownMarket | null): Surroundings {
    const startSeconds = simulation.atMicros / 1e6;
    const fromSeconds = Math.max(startSeconds - PAST_S, ...(known?.untilSeconds.map((until) => until ?? 0) ?? []));
    const { seed } = this.#options;
    return {
      crowd: new Crowd(seed, this.#universe, fromSeconds, startSeconds),
      measurements: new Measurements(seed, simulatedSensors(this.#universe), fromSeconds, startSeconds),
    };
  }

  async #begin(
    context: FeedContext,
  ): Promise<{ session: EngineSession; simulation: Simulation; known: KnownMarket | null }> {
    const { log } = context;
    const { seed, rate, startMicros } = this.#options;
    const open = (name: string) =>
      openEngineSession(context, { session: name, feed: this.name, source: DataSource.SIMULATED });
    const readKnown = () => askEngine(context, (engines) => readKnownMarket(engines, this.#universe));
    const simulate = (start: number, known: KnownMarket | null) =>
      new Simulation({
        seed,
        rate,
        startMicros: start,
        universe: this.#universe,
        ...(known === null ? {} : { known }),
      });
    const part = createHash("sha256")
      .update(this.#universe.instruments.map(({ definition }) => definition.symbol).join())
      .digest("hex")
      .slice(0, 12);
    const named = (start: number) => `simulator:${seed}:${part}:${rate}:${start}`;

    if (startMicros !== null) {
      const session = await open(named(startMicros));
      const known = session.nextSequence > 1 ? null : await readKnown();
      if (known === null) return { session, simulation: simulate(startMicros, null), known };
      await session[Symbol.asyncDispose]();
      log.warn("the engine knows the market from another run: this one goes on from there and is not repeatable");
      return {
        session: await open(`${named(startMicros)}:after:${nowMicros()}`),
        simulation: simulate(startMicros, known),
        known,
      };
    }
    const known = await readKnown();
    const start = Math.floor(nowMicros());
    return { session: await open(named(start)), simulation: simulate(start, known), known };
  }

  async #label(jumps: readonly Jump[]): Promise<void> {
    const { labelsFile } = this.#options;
    if (labelsFile !== null) await appendFile(labelsFile, jumps.map((jump) => `${JSON.stringify(jump)}\n`).join(""));
  }
}

function tell({ events }: FeedContext, { crowd, measurements }: Surroundings, untilMicros: number): void {
  const posts = crowd.due(untilMicros / 1e6);
  if (posts.length > 0) events.publish("social.posts.v1", posts, ({ source }) => source);
  const readings = measurements.due(untilMicros / 1e6);
  if (readings.length > 0) events.publish("sensor.readings.v1", readings, ({ source }) => source);
}

function universeOf(symbols: readonly string[] | null): Universe {
  const universe = simulatedUniverse();
  if (symbols === null) return universe;
  const instruments = universe.instruments.filter(({ definition }) => symbols.includes(definition.symbol));
  const unknown = symbols.filter((symbol) => !instruments.some(({ definition }) => definition.symbol === symbol));
  if (unknown.length > 0)
    throw new CodedError("INSTRUMENT_NOT_FOUND", `the simulated market has no ${unknown.join(", ")}`, {
      symbols: unknown,
    });
  return { assets: universe.assets, instruments };
}

/** Microseconds since 1970, whole, and never going back while the process lives. */
function nowMicros(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1_000);
}
