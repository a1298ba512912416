import { CodedError } from "@mib/service/coded-error";
import type { Api } from "../api.ts";
import type { InstrumentBrief, MarketBrief, Named } from "./answers.ts";
import type { BriefRequest } from "./brief-request.ts";
import { instrumentPage } from "./instrument-page.ts";
import { marketPage } from "./market-page.ts";
import { INSTRUMENT_QUERY, MARKET_QUERY } from "./queries.ts";

/** The page that was asked for, from one answer of the API. */
export async function briefPage(api: Api, { symbol, date }: BriefRequest, now: Date): Promise<string> {
  const query = symbol === null ? MARKET_QUERY : INSTRUMENT_QUERY;
  const variables = { ...(symbol !== null && { symbol }), ...(date !== null && { date }) };
  const facts = { query, variables: JSON.stringify(variables), exportedAt: now.toISOString() };
  if (symbol === null) {
    const { marketBrief } = await api.ask<{ marketBrief: MarketBrief | null }>(query, variables);
    return marketPage(marketBrief, facts);
  }
  const { instrument } = await api.ask<{
    instrument: (Named & { venue: string; class: string; brief: InstrumentBrief | null }) | null;
  }>(query, variables);
  if (instrument === null) throw new CodedError("INSTRUMENT_NOT_FOUND", undefined, { symbol });
  return instrumentPage(instrument, facts);
}
