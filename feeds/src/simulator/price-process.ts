import type { Asset, SimulatedInstrument, Universe } from "./instruments.ts";
import { varianceAt } from "./seasonality.ts";
import type { Random } from "./random.ts";

const YEAR_S = 365 * 86_400;
/** Prices return half way to their level in this time, so that they stay plausible over years. */
const HALF_LIFE_S = 90 * 86_400;

/** What an asset's variance consists of; the rest is its own. */
const SHARES = {
  crypto: { market: 0.5, other: 0.1, sector: 0.15 },
  equity: { market: 0.35, other: 0, sector: 0.2 },
  fx: { market: 0.45, other: 0, sector: 0.25 },
} as const;

interface Loading {
  factor: number;
  weight: number;
}

/**
 * Logarithms of what assets are worth. They move with their market, their sector and by themselves; markets move one another
 * (shares pull coins), and currencies move against the dollar, so that crosses agree with their legs.
 */
export class PriceProcess {
  readonly #assets: readonly Asset[];
  readonly #random: Random;
  readonly #factorNames: string[];
  readonly #factorMarkets: Asset["market"][];
  readonly #factors: Float64Array;
  readonly #loadings: Loading[][];
  readonly #ownDeviation: Float64Array;
  /** Where each asset's own part returns to, and that part. */
  readonly #level: Float64Array;
  readonly #own: Float64Array;

  constructor({ assets }: Universe, random: Random) {
    this.#assets = assets;
    this.#random = random;
    this.#factorNames = ["crypto", "equity", "fx", ...new Set(assets.map(sectorKey))];
    this.#factorMarkets = this.#factorNames.map((name) => name.split("/")[0] as Asset["market"]);
    this.#factors = new Float64Array(this.#factorNames.length);
    this.#loadings = assets.map((asset) => this.#loadingsOf(asset));
    this.#ownDeviation = Float64Array.from(assets, ({ market, volatility }) => {
      const { market: a, other: b, sector: c } = SHARES[market];
      return volatility * Math.sqrt(1 - a - b - c);
    });
    this.#level = Float64Array.from(assets, ({ value }) => Math.log(value));
    this.#own = new Float64Array(assets.length);
  }

  /** Logarithm of the instrument's fair price. */
  logPrice({ base, quoted }: SimulatedInstrument): number {
    return this.#logValue(base) - this.#logValue(quoted);
  }

  /** Standard deviation of the instrument's logarithm over so many seconds at that time. */
  deviation({ base, quoted, market }: SimulatedInstrument, seconds: number, epochSeconds: number): number {
    const yearly = Math.hypot(
      base < 0 ? 0 : this.#assets[base]!.volatility,
      quoted < 0 ? 0 : this.#assets[quoted]!.volatility * 0.8,
    );
    return yearly * Math.sqrt((varianceAt(market, epochSeconds) * seconds) / YEAR_S);
  }

  /** Moves what assets have in common. */
  advanceFactors(seconds: number, epochSeconds: number): void {
    const keep = 0.5 ** (seconds / HALF_LIFE_S);
    for (let factor = 0; factor < this.#factors.length; factor++) {
      const step = Math.sqrt((varianceAt(this.#factorMarkets[factor]!, epochSeconds) * seconds) / YEAR_S);
      this.#factors[factor] = this.#factors[factor]! * keep + step * this.#random.normal();
    }
  }

  /** Moves what is the asset's own. */
  advanceOwn(asset: number, seconds: number, epochSeconds: number): void {
    if (asset < 0 || seconds <= 0) return;
    const keep = 0.5 ** (seconds / HALF_LIFE_S);
    const step =
      this.#ownDeviation[asset]! *
      Math.sqrt((varianceAt(this.#assets[asset]!.market, epochSeconds) * seconds) / YEAR_S);
    this.#own[asset] = this.#own[asset]! * keep + step * this.#random.normal();
  }

  jumpAsset(asset: number, logSize: number): void {
    this.#own[asset] = this.#own[asset]! + logSize;
  }

  /** Moves every asset of a sector by its share in it; `logSize` is that of the average asset. */
  jumpSector(market: Asset["market"], sector: string, logSize: number): void {
    const members = this.#assets.filter((asset) => asset.market === market && asset.sector === sector);
    const mean = members.reduce((sum, { volatility }) => sum + volatility, 0) / members.length;
    const factor = this.#factorNames.indexOf(`${market}/${sector}`);
    this.#factors[factor] = this.#factors[factor]! + logSize / (mean * Math.sqrt(SHARES[market].sector));
  }

  /** Puts the instrument's price at a known one: at the start beside an engine that has prices already. */
  setLogPrice(instrument: SimulatedInstrument, logPrice: number): void {
    const asset = instrument.base < 0 ? instrument.quoted : instrument.base;
    const missing = logPrice - this.logPrice(instrument);
    this.#own[asset] = this.#own[asset]! + (instrument.base < 0 ? -missing : missing);
  }

  #logValue(asset: number): number {
    if (asset < 0) return 0;
    let value = this.#level[asset]! + this.#own[asset]!;
    for (const { factor, weight } of this.#loadings[asset]!) value += weight * this.#factors[factor]!;
    return value;
  }

  #loadingsOf(asset: Asset): Loading[] {
    const { market, other, sector } = SHARES[asset.market];
    // The dollar's strength is every other currency's weakness.
    const sign = asset.market === "fx" ? -1 : 1;
    const all = [
      { factor: this.#factorNames.indexOf(asset.market), weight: sign * asset.volatility * Math.sqrt(market) },
      { factor: this.#factorNames.indexOf("equity"), weight: asset.volatility * Math.sqrt(other) },
      { factor: this.#factorNames.indexOf(sectorKey(asset)), weight: asset.volatility * Math.sqrt(sector) },
    ];
    return all.filter(({ weight }) => weight !== 0);
  }
}

const sectorKey = ({ market, sector }: Asset): string => `${market}/${sector}`;
