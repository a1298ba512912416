const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** What is good when it grows and bad when it shrinks. */
export const GOOD_QUANTITIES = words(`
  profit profits sales revenue revenues earnings income margin margins demand dividend dividends growth orders bookings guidance outlook
  forecast output exports subscribers members customers deposits volumes rating jobs hiring cash inflows shares stock stocks price prices
  index market buyback capacity bookings`);

/** What is bad when it grows and good when it shrinks. */
export const BAD_QUANTITIES = words(`
  cost costs loss losses debt debts unemployment inflation deficit loans layoffs inventories vacancies risk risks claims outflows complaints
  delays defaults expenses tariffs fears crisis slump fraud`);

export const UPS = words(`
  rose rise rises rising grew grow grows growing climbed climb climbs climbing increased increase increases increasing raised raise raises
  doubled doubles tripled widened lifted boosted boosts expanded higher improved improves`);

export const DOWNS = words(`
  fell fall falls falling fewer less declined decline declines declining decreased decrease decreases dropped drop drops dropping shrank shrink
  shrinks shrinking narrowed lower lowered cut cuts reduced slid slides slipped eased halved slumped sank`);

/** What ends, undoes or keeps away what the clause is about; with what it weighs where nothing else does. */
export const ENDINGS: ReadonlyMap<string, number> = new Map([
  ...weighing(1, "averted avoided ended ends escaped settled resolved eliminated dismissed dismiss"),
  ...weighing(0, "denied denies closed free eases"),
  ...weighing(
    -2,
    "faded fades cancelled canceled suspended scrapped blocked refused rejected withdrawn stalled disappointed",
  ),
  ...weighing(-2, "short-lived"),
]);

function weighing(weight: number, text: string): [string, number][] {
  return text.split(" ").map((word) => [word, weight]);
}

/** Several words that mean something else than each of them; 0 for those that only name things. */
export const PHRASES: ReadonlyMap<string, number> = new Map<string, number>([
  ["lay off", -2],
  ["laid off", -2],
  ["side effects", -2],
  ["short report", -2],
  ["profit warning", -3],
  ["ran out", -2],
  ["run out", -2],
  ["out of cash", -2],
  ["wipe out", -2],
  ["wrote off", -2],
  ["record low", -3],
  ["two-year low", -2],
  ["cut off", -2],
  ["went down", -2],
  ["walked out", -2],
  ["pile up", -1],
  ["all-time high", 3],
  ["record high", 3],
  ["session high", 2],
  ["ahead of schedule", 2],
  ["under budget", 2],
  ["on time", 1],
  ["ruled out", -2],
  ["not as bad as", 3],
  ["strike price", 0],
  ["default setting", 0],
  ["side by side", 0],
  ["fair value", 0],
  ["net figures", 0],
  ["interest rate", 0],
  ["interest rates", 0],
]);

/** Several words that stand for one. */
export const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["far from", "not"],
  ["no longer", "not"],
  ["yet to", "not"],
  ["anything but", "not"],
  ["bad loans", "loans"],
  ["is over", "ended"],
  ["are over", "ended"],
]);
