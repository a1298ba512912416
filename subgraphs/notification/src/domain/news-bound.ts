import { deterministicUuid } from "./deterministic-uuid.ts";
import type { Notification } from "./notification.ts";

/** What was put into an inbox in an hour, and what was left out. */
export interface NewsHour {
  userId: string;
  hourMs: number;
  told: number;
  leftOut: number;
}

const HOUR_MS = 3_600_000;

export const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

/**
 * What of the news still goes into inboxes in this hour, what came first before what came later, with the hours as they are
 * then. An inbox that is full gets a notice with the first article that is left out.
 */
export function admitNews(
  news: readonly Notification[],
  hours: ReadonlyMap<string, NewsHour>,
  { nowMs, perHourMax }: { nowMs: number; perHourMax: number },
): { admitted: Notification[]; hours: NewsHour[] } {
  const admitted: Notification[] = [];
  const changed = new Map<string, NewsHour>();
  for (const item of news) {
    const { userId } = item;
    const hour = changed.get(userId) ?? hours.get(userId) ?? { userId, hourMs: hourOf(nowMs), told: 0, leftOut: 0 };
    const fits = hour.told < perHourMax;
    changed.set(userId, { ...hour, ...(fits ? { told: hour.told + 1 } : { leftOut: hour.leftOut + 1 }) });
    if (fits) admitted.push(item);
    else if (hour.leftOut === 0) admitted.push(fullNotice(hour, { nowMs, perHourMax }));
  }
  return { admitted, hours: [...changed.values()] };
}

/** Says how many articles an hour that is over left out. Null where it left out none. */
export function leftOutNotice({ userId, hourMs, leftOut, told }: NewsHour): Notification | null {
  if (leftOut === 0) return null;
  const [from, to] = [hourMs, hourMs + HOUR_MS].map(clock);
  return notice(userId, {
    name: `${hourMs}/left out`,
    title: `${leftOut} ${leftOut === 1 ? "article was" : "articles were"} left out`,
    body: `Between ${from} and ${to} UTC your news watches found ${told + leftOut} articles. ${told} of them are here. A higher least similarity finds fewer.`,
    value: String(leftOut),
    atMs: hourMs + HOUR_MS,
  });
}

function fullNotice(
  { userId, hourMs }: NewsHour,
  { nowMs, perHourMax }: { nowMs: number; perHourMax: number },
): Notification {
  const end = clock(hourMs + HOUR_MS);
  return notice(userId, {
    name: `${hourMs}/full`,
    title: `News is left out until ${end} UTC`,
    body: `Your news watches found more than ${perHourMax} articles in this hour, which is as many as come here. How many were left out is told at ${end}.`,
    // The bound is no count: those who add up what was left out find that in the notice of the hour's end.
    value: null,
    atMs: nowMs,
  });
}

/** Its id is the same however often it is made. */
function notice(
  userId: string,
  { name, title, body, value, atMs }: Pick<Notification, "title" | "body" | "value"> & { name: string; atMs: number },
): Notification {
  return {
    id: deterministicUuid(`${userId}/${name}`),
    userId,
    ruleId: null,
    watchId: null,
    articleId: null,
    symbol: null,
    title,
    body,
    value,
    at: new Date(atMs).toISOString().replace(/\.?0+Z$/, "Z"),
  };
}

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
