import { CodedError } from "@mib/service/coded-error";
import type { Api } from "../api.ts";
import type { Gap, InstrumentBrief, MarketBrief, Named } from "./answers.ts";
import type { BriefRequest } from "./brief-request.ts";
import { instrumentPage } from "./instrument-page.ts";
import { marketPage } from "./market-page.ts";
import type { Facts } from "./page.ts";
import { INSTRUMENT_QUERY, MARKET_QUERY } from "./queries.ts";

/** A part that is down costs its own fields: the brief is told without them, and says so. */
function withGaps<Brief extends { gaps: Gap[] }>(brief: Brief | null, missing: readonly CodedError[]): Brief | null {
  const gaps = missing.map(({ code, message, details: { service } }) => ({
    part: typeof service === "string" ? service : "API",
    reason: `${message} (${code})`,
  }));
  // Each field that lacks has the same to say.
  const told = new Map(gaps.map((gap) => [`${gap.part} ${gap.reason}`, gap]));
  return brief && { ...brief, gaps: [...brief.gaps, ...told.values()] };
}

/** The page that was asked for, from one answer of the API. */
export async function briefPage(api: Api, { symbol, date }: BriefRequest, now: Date): Promise<string> {
  const query = symbol === null ? MARKET_QUERY : INSTRUMENT_QUERY;
  const variables = { ...(symbol !== null && { symbol }), ...(date !== null && { date }) };
  // With the day that was told: what is asked again tomorrow is to be of the same day.
  const factsOf = (told: { date: string } | null): Facts => ({
    query,
    variables: JSON.stringify({ ...variables, ...(told && { date: told.date }) }),
    exportedAt: now.toISOString(),
  });
  if (symbol === null) {
    const { data, missing } = await api.askPartly<{ marketBrief: MarketBrief | null }>(
      query,
      variables,
      ({ marketBrief }) => marketBrief !== null,
    );
    return marketPage(withGaps(data.marketBrief, missing), factsOf(data.marketBrief));
  }
  const { data, missing } = await api.askPartly<{
    instrument: (Named & { venue: string; class: string; brief: InstrumentBrief | null }) | null;
  }>(query, variables, ({ instrument }) => instrument !== null && instrument.brief !== null);
  const { instrument } = data;
  if (instrument === null) throw new CodedError("INSTRUMENT_NOT_FOUND", undefined, { symbol });
  return instrumentPage({ ...instrument, brief: withGaps(instrument.brief, missing) }, factsOf(instrument.brief));
}
