import type { Asset, Universe } from "./instruments.ts";
import type { PriceProcess } from "./price-process.ts";
import type { Random } from "./random.ts";

/** A sudden move that the model made: the truth that a detector is measured against. */
export interface Jump {
  id: string;
  atMicros: number;
  scope: "asset" | "sector";
  /** Symbols whose price jumped, the most traded first. */
  symbols: string[];
  /** Change of the logarithm of the price, of the average member for a sector. Of currencies: against the dollar. */
  logSize: number;
  /** The same in standard deviations of five minutes, without its sign. */
  deviations: number;
  market: Asset["market"];
  sector: string;
}

const MEAN_INTERVAL_S = 300;
const SECTOR_SHARE = 0.1;
const FIVE_MINUTES_OF_A_YEAR = 300 / (365 * 86_400);

/** Makes prices jump now and then: a tenth of the jumps move a sector, the others a single asset. */
export class JumpSource {
  readonly #universe: Universe;
  readonly #random: Random;
  /** Symbols by asset and by sector, the most traded first. */
  readonly #ofAsset: string[][];
  readonly #ofSector: ReadonlyMap<string, string[]>;
  /** The first asset of each sector. */
  readonly #sectors: number[];
  #nextAtSeconds: number;

  constructor(universe: Universe, random: Random, fromSeconds: number) {
    this.#universe = universe;
    this.#random = random;
    const { assets, instruments } = universe;
    const ranked = [...instruments].sort((a, b) => b.weight - a.weight);
    const symbolsOf = (moves: (asset: number) => boolean) =>
      ranked
        .filter(({ base, quoted }) => (base >= 0 && moves(base)) || (quoted >= 0 && moves(quoted)))
        .map(({ definition }) => definition.symbol);
    this.#ofAsset = assets.map((_, number) => symbolsOf((asset) => asset === number));
    this.#ofSector = new Map(
      [...new Set(assets.map(sectorKey))].map((key) => [key, symbolsOf((asset) => sectorKey(assets[asset]!) === key)]),
    );
    this.#sectors = [...this.#ofSector.keys()].map((key) => assets.findIndex((asset) => sectorKey(asset) === key));
    this.#nextAtSeconds = fromSeconds + random.exponential(MEAN_INTERVAL_S);
  }

  /** Applies the jumps before `toSeconds` and returns them. */
  apply(process: PriceProcess, toSeconds: number): Jump[] {
    const jumps: Jump[] = [];
    while (this.#nextAtSeconds < toSeconds) {
      const jump = this.#jump(process, this.#nextAtSeconds);
      // Assets that nobody trades here still pull those that are traded.
      if (jump.symbols.length > 0) jumps.push(jump);
      this.#nextAtSeconds += this.#random.exponential(MEAN_INTERVAL_S);
    }
    return jumps;
  }

  /** Leaves out what would have happened before. */
  skipTo(seconds: number): void {
    this.#nextAtSeconds = seconds + this.#random.exponential(MEAN_INTERVAL_S);
  }

  #jump(process: PriceProcess, atSeconds: number): Jump {
    const { assets } = this.#universe;
    const scope = this.#random.chance(SECTOR_SHARE) ? "sector" : "asset";
    const number = scope === "sector" ? this.#random.pick(this.#sectors) : this.#random.below(assets.length);
    const { market, sector } = assets[number]!;
    const volatility =
      scope === "sector" ? this.#meanVolatility(sectorKey(assets[number]!)) : assets[number]!.volatility;
    const deviations = this.#random.between(4, 12) * (scope === "sector" ? 0.6 : 1);
    const logSize = deviations * volatility * Math.sqrt(FIVE_MINUTES_OF_A_YEAR) * (this.#random.chance(0.5) ? 1 : -1);
    if (scope === "sector") process.jumpSector(market, sector, logSize);
    else process.jumpAsset(number, logSize);
    const symbols = scope === "asset" ? this.#ofAsset[number]! : this.#ofSector.get(sectorKey(assets[number]!))!;
    const id = `jump-${Math.round(atSeconds * 1_000)}-${number}`;
    return { id, atMicros: Math.round(atSeconds * 1e6), scope, symbols, logSize, deviations, market, sector };
  }

  #meanVolatility(key: string): number {
    const members = this.#universe.assets.filter((asset) => sectorKey(asset) === key);
    return members.reduce((sum, { volatility }) => sum + volatility, 0) / members.length;
  }
}

const sectorKey = ({ market, sector }: Asset): string => `${market}/${sector}`;
