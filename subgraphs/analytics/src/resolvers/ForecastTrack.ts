import type { Context } from "../context.ts";
import type { BriefDay } from "../domain/briefs/brief-day.ts";
import type { ForecastTrackResolvers } from "../generated/resolvers.ts";
import { TRACK_COVERAGE } from "../io/forecast-tracks.ts";
import type { ForecastTrack as Parent } from "../models.ts";
import { within } from "./arguments.ts";
import { timeOf } from "./time.ts";

/** Of the champions of an instrument, or of all (null), those that were trained last. */
export async function championTracks(
  symbol: string | null,
  { toMs }: BriefDay,
  given: { first?: number | null | undefined; periods?: number | null | undefined },
  { models, tracks }: Context,
): Promise<Parent[]> {
  const first = within("first", given.first, 1, 20);
  const periods = within("periods", given.periods, 1, 60);
  const champions = await models.championsOf(symbol, first);
  return Promise.all(champions.map(async (model) => ({ model, track: await tracks.track(model, toMs, periods) })));
}

export async function hasChampion(symbol: string | null, { models }: Context): Promise<boolean> {
  return (await models.championsOf(symbol, 1)).length > 0;
}

export const ForecastTrack: ForecastTrackResolvers = {
  coverage: () => TRACK_COVERAGE,
  points: ({ track }) =>
    track.points.map(({ atMs, untilMs, ...point }) => ({ at: timeOf(atMs), until: timeOf(untilMs), ...point })),
  judged: ({ track }) => track.judged,
  inside: ({ track }) => track.inside,
  loss: ({ track }) => track.loss,
  baselineLoss: ({ track }) => track.baselineLoss,
};
