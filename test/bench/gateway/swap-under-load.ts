import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { closedLoop, type Load } from "./closed-loop.ts";

export interface SwapUnderLoad {
  before: Load;
  /** While one new supergraph followed the other; goes on until one was taken into use. */
  meanwhile: readonly Load[];
  swaps: number;
}

const LOADS_MAX = 20;

/** Loads a router that follows a supergraph's file, first as it is, then while the file is replaced again and again. */
export async function swapUnderLoad(
  { origin, path, supergraph }: { origin: string; path: string; supergraph: string },
  query: string,
  options: { connections: number; seconds: number; answerBytes: number },
): Promise<SwapUnderLoad> {
  const body = JSON.stringify({ query });
  const load = () => closedLoop(origin, path, () => body, options);
  const before = await load();
  const state = { swaps: 0, isOver: false };
  const swapping = swapAgainAndAgain(origin, supergraph, state);
  const meanwhile: Load[] = [];
  while (meanwhile.length === 0 || (state.swaps === 0 && meanwhile.length < LOADS_MAX)) meanwhile.push(await load());
  state.isOver = true;
  await swapping;
  if (state.swaps === 0) throw new Error("no new supergraph was taken into use");
  return { before, meanwhile, swaps: state.swaps };
}

async function swapAgainAndAgain(
  origin: string,
  file: string,
  state: { swaps: number; isOver: boolean },
): Promise<void> {
  const sdl = readFileSync(file, "utf8");
  const first = await swapsSoFar(origin);
  while (!state.isOver) {
    writeFileSync(`${file}.new`, `${sdl}\n# ${state.swaps}\n`);
    renameSync(`${file}.new`, file);
    const before = state.swaps;
    while (!state.isOver && state.swaps === before) {
      await sleep(50);
      state.swaps = (await swapsSoFar(origin)) - first;
    }
  }
}

async function swapsSoFar(origin: string): Promise<number> {
  const metrics = await (await fetch(`${origin}/metrics`)).text();
  return Number(/^router_reloads_total\{.*outcome="applied".*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
