export type ResponseMediaType = "application/graphql-response+json" | "application/json";

/** How an answer in parts is sent over HTTP. */
export type IncrementalMediaType = "multipart/mixed" | "text/event-stream";

interface AcceptedRange {
  type: string;
  /** The version of incremental delivery; null where the client names none. */
  deferSpec: string | null;
  /** The version of the multipart protocol for subscriptions; null where the client names none. */
  subscriptionSpec: string | null;
  quality: number;
}

/** The version of incremental delivery that Apollo's clients speak. */
export const DEFER_SPEC = "20220824";
const SUBSCRIPTION_SPEC = "1.0";

const known = new Map<string, ResponseMediaType | null>();
const KNOWN_MAX = 1_000;

/**
 * The media type of an answer, by the client's Accept header; null when none will do. Without a preference it is
 * `application/json`, which every client reads.
 */
export function chooseMediaType(accept: string | undefined): ResponseMediaType | null {
  if (accept === undefined) return "application/json";
  const cached = known.get(accept);
  if (cached !== undefined) return cached;
  const chosen = choose(accept);
  if (known.size < KNOWN_MAX) known.set(accept, chosen);
  return chosen;
}

/** How the client takes an answer in parts; null when it takes none. Only what it names: a wildcard means one answer. */
export function chooseIncrementalMediaType(accept: string | undefined): IncrementalMediaType | null {
  for (const { type, deferSpec, subscriptionSpec } of acceptedRanges(accept ?? "")) {
    if (type === "text/event-stream") return type;
    if (type !== "multipart/mixed") continue;
    if (deferSpec === DEFER_SPEC || (deferSpec === null && subscriptionSpec === null)) return type;
  }
  return null;
}

/** How the client takes a subscription; null when it takes none over HTTP. Only what it names. */
export function chooseSubscriptionTransport(accept: string | undefined): "sse" | "multipart" | null {
  for (const { type, subscriptionSpec } of acceptedRanges(accept ?? "")) {
    if (type === "text/event-stream") return "sse";
    if (type === "multipart/mixed" && subscriptionSpec === SUBSCRIPTION_SPEC) return "multipart";
  }
  return null;
}

function choose(accept: string): ResponseMediaType | null {
  for (const { type } of acceptedRanges(accept)) {
    if (type === "application/graphql-response+json") return type;
    if (type === "application/json" || type === "application/*" || type === "*/*") return "application/json";
  }
  return null;
}

/** Best first; of equal quality, the first one named. */
function acceptedRanges(accept: string): AcceptedRange[] {
  return accept
    .split(",")
    .map(readRange)
    .filter((range) => range.quality > 0)
    .toSorted((a, b) => b.quality - a.quality);
}

function readRange(text: string): AcceptedRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  // Answers are in UTF-8: a range that wants another charset is none of ours.
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice(8);
  const quality = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
  const readable = charset === undefined || /^"?utf-?8"?$/.test(charset);
  const deferSpec = parameters.find((parameter) => parameter.startsWith("deferspec="))?.slice(10) ?? null;
  const subscriptionSpec = parameters.find((parameter) => parameter.startsWith("subscriptionspec="))?.slice(17);
  return {
    type,
    deferSpec,
    subscriptionSpec: subscriptionSpec?.replaceAll('"', "") ?? null,
    quality: readable && Number.isFinite(quality) ? quality : 0,
  };
}

/** Whether a browser asks for a page. */
export function acceptsHtml(accept: string | undefined): boolean {
  return accept?.includes("text/html") ?? false;
}

/** Whether a body is JSON in UTF-8. */
export function isJsonContentType(contentType: string | undefined): boolean {
  if (contentType === "application/json") return true;
  return contentType !== undefined && /^application\/json\s*(;\s*charset="?utf-?8"?\s*)?$/i.test(contentType);
}
