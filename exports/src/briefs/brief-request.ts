import { CodedError } from "@mib/service/coded-error";
import { z } from "zod";

/** Which page is wanted: of the market where there is no symbol. Without a day that of the newest bar. */
export interface BriefRequest {
  symbol: string | null;
  date: string | null;
}

const BASE = "http://exports";
const MARKET = "/briefs/market.html";
const INSTRUMENT = /^\/briefs\/instruments\/([^/]{1,300})\.html$/;
const date = z.iso.date("is no day like 2026-03-04");

/** Reads what is wanted from a URL: null for a path that is none of ours, BAD_USER_INPUT for wrong parameters. */
export function readBriefRequest(url: string): BriefRequest | null {
  if (!URL.canParse(url, BASE)) return null;
  const { pathname, searchParams } = new URL(url, BASE);
  const symbol = pathname === MARKET ? null : symbolIn(pathname);
  if (symbol === undefined) return null;
  const names = [...searchParams.keys()];
  const other = names.find((name) => name !== "date");
  if (other !== undefined) throw refused(other, "is not known here");
  if (names.length > 1) throw refused("date", "is given twice");
  const given = searchParams.get("date");
  if (given === null) return { symbol, date: null };
  const read = date.safeParse(given);
  if (!read.success) throw refused("date", read.error.issues[0]!.message);
  return { symbol, date: read.data };
}

function symbolIn(pathname: string): string | undefined {
  const [, encoded] = INSTRUMENT.exec(pathname) ?? [];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

const refused = (argument: string, reason: string): CodedError =>
  new CodedError("BAD_USER_INPUT", `${argument}: ${reason}`, { argument });
