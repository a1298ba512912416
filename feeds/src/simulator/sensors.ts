import { sensorId } from "@mib/events/sensor";
import type { Universe } from "./instruments.ts";

/** A sensor of the simulated world, and how what it measures moves. */
export interface SimulatedSensor {
  source: string;
  metric: string;
  name: string;
  kind: string;
  unit: string;
  symbols: readonly string[];
  level: number;
  /** Of the level: the swing of a day, and the standard deviation of what is by chance. */
  daily: number;
  noise: number;
  /** Digits after the point. */
  digits: number;
}

/** Who is meant: symbols, or the most traded of a sector of shares. */
type Subjects = { symbols: readonly string[] } | { sector: string; first: number };

type Kind = Omit<SimulatedSensor, "symbols"> & { of: Subjects };

const KINDS: readonly Kind[] = [
  chain("bitcoin.hash-rate", "Hash rate of Bitcoin", "OTHER", "EH/s", "BTCUSDT", 620, 0.01, 0.04, 1),
  chain("bitcoin.transactions", "Transactions of Bitcoin", "FLOW", "1/s", "BTCUSDT", 5.2, 0.12, 0.1, 2),
  chain("ethereum.transactions", "Transactions of Ethereum", "FLOW", "1/s", "ETHUSDT", 13.4, 0.1, 0.08, 2),
  chain("ethereum.gas-price", "Price of gas on Ethereum", "OTHER", "gwei", "ETHUSDT", 18, 0.25, 0.3, 2),
  chain("solana.transactions", "Transactions of Solana", "FLOW", "1/s", "SOLUSDT", 2_800, 0.08, 0.12, 0),
  ground("simulated-pipeline", "gas.flow", "Flow of gas at the border", "FLOW", "m3/s", "energy", 410, 0.06, 0.05, 1),
  ground("simulated-grid", "load", "Load of the grid", "POWER", "GW", "energy", 61, 0.18, 0.03, 2),
  ground("simulated-port", "containers", "Containers handled", "COUNT", "1/h", "industrials", 1_800, 0.3, 0.08, 0),
  ground("simulated-mall", "visitors", "Visitors of shops", "COUNT", "1/h", "consumer", 12_500, 0.6, 0.07, 0),
];

/** The sensors of a market, each bound to those of its instruments that it says something about. */
export function simulatedSensors({ assets, instruments }: Universe): SimulatedSensor[] {
  return KINDS.flatMap(({ of, ...sensor }) => {
    const symbols = instruments
      .filter(({ definition, market, base }) =>
        "symbols" in of
          ? of.symbols.includes(definition.symbol)
          : market === "equity" && assets[base]?.sector === of.sector,
      )
      .map(({ definition }) => definition.symbol)
      .slice(0, "first" in of ? of.first : undefined);
    return symbols.length === 0 ? [] : [{ ...sensor, symbols }];
  });
}

export const idOfSensor = ({ source, metric }: SimulatedSensor): string => sensorId(source, metric);

function chain(
  metric: string,
  name: string,
  kind: string,
  unit: string,
  symbol: string,
  level: number,
  daily: number,
  noise: number,
  digits: number,
): Kind {
  const source = "simulated-chain";
  return { source, metric, name, kind, unit, level, daily, noise, digits, of: { symbols: [symbol] } };
}

function ground(
  source: string,
  metric: string,
  name: string,
  kind: string,
  unit: string,
  sector: string,
  level: number,
  daily: number,
  noise: number,
  digits: number,
): Kind {
  return { source, metric, name, kind, unit, level, daily, noise, digits, of: { sector, first: 4 } };
}
