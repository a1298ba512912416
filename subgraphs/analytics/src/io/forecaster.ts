import { forecastNow, type Forecast } from "../domain/forecasting/forecast.ts";
import type { Model } from "../domain/forecasting/model.ts";
import { barsRead, LAG_MAX } from "../domain/forecasting/model-spec.ts";
import type { BarHistory } from "../domain/indicators/indicator-series.ts";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { MarketMemory } from "../domain/market-memory.ts";

const KEPT_MAX = 5_000;
/** Of the last bars of a direction, so that where they begin makes no difference. */
const DIRECTION_BARS = 300;

/** What models say as of now. A forecast is made once for each whole period, however often it is asked for. */
export class Forecaster {
  readonly #memory: MarketMemory;
  readonly #history: BarHistory;
  readonly #made = new Map<string, Promise<Forecast | null>>();

  constructor(memory: MarketMemory, history: BarHistory) {
    this.#memory = memory;
    this.#history = history;
  }

  forecast(model: Model, coverage: number): Promise<Forecast | null> {
    const { spec } = model;
    const interval = barsRead(spec);
    const last = this.#memory.window(spec.symbol, interval)?.last;
    if (last === undefined) return Promise.resolve(null);
    const periodMs = INTERVAL_MS[spec.interval];
    const periodsDone = Math.floor((last.openedAtMs + INTERVAL_MS[interval]) / periodMs);
    const key = `${model.id} ${coverage} ${periodsDone} ${spec.measure === "REALISED" ? "" : last.revision}`;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const forecast = this.#make(model, coverage, periodsDone * periodMs);
    this.#made.set(key, forecast);
    forecast.catch(() => this.#made.delete(key));
    // The oldest goes first: a Map keeps the order of insertion.
    if (this.#made.size > KEPT_MAX) this.#made.delete(this.#made.keys().next().value as string);
    return forecast;
  }

  async #make({ spec, trained }: Model, coverage: number, untilMs: number): Promise<Forecast | null> {
    const interval = barsRead(spec);
    const barsPerPeriod = INTERVAL_MS[spec.interval] / INTERVAL_MS[interval];
    // One period more than the longest average: the first one may not be whole, and one that stood still does not count.
    const periods = spec.target === "DIRECTION" ? DIRECTION_BARS : LAG_MAX + 10;
    const bars = await this.#history.before(spec.symbol, interval, untilMs, periods * barsPerPeriod);
    return forecastNow(spec, trained, bars, coverage);
  }
}
