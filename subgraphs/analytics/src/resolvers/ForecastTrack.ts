import type { Context } from "../context.ts";
import type { BriefDay } from "../domain/briefs/brief-day.ts";
import type { ForecastTrackResolvers } from "../generated/resolvers.ts";
import { TRACK_COVERAGE } from "../io/forecast-tracks.ts";
import type { ForecastTrack as Parent } from "../models.ts";
import { within } from "./arguments.ts";
import { timeOf } from "./time.ts";

/** Of the champions of some instruments, or of all, those that were trained last. */
export async function championTracks(
  symbols: readonly string[] | null,
  { toMs }: BriefDay,
  given: { first?: number | null | undefined; periods?: number | null | undefined },
  { models, tracks }: Context,
): Promise<Parent[]> {
  const first = within("first", given.first, 1, 20);
  const periods = within("periods", given.periods, 1, 60);
  const { nodes } = await models.page({ symbols, target: null, championsOnly: true, first, after: null });
  return Promise.all(nodes.map(async (model) => ({ model, track: await tracks.track(model, toMs, periods) })));
}

export async function hasChampion(symbols: readonly string[] | null, { models }: Context): Promise<boolean> {
  const { nodes } = await models.page({ symbols, target: null, championsOnly: true, first: 1, after: null });
  return nodes.length > 0;
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
