import type { Market } from "./instruments.ts";

/** Words of a story. `{name}`, `{sector}`, `{move}` ("3.2 percent"), `{price}` and `{peer}` are filled in. */
export interface Story {
  headline: string;
  cause: string;
}

type Stories = Record<"up" | "down", readonly Story[]>;

/** Invented publishers, on a top-level domain that is reserved for examples. */
export const PUBLISHERS = [
  ["Meridian Wire", "meridian-wire.example"],
  ["Harbour Street Journal", "harbour-street-journal.example"],
  ["The Closing Print", "closing-print.example"],
  ["Northgate Markets", "northgate-markets.example"],
  ["Ledger & Tape", "ledger-and-tape.example"],
  ["Capital Courier", "capital-courier.example"],
] as const;

/** Why a single instrument moved. */
export const STORIES: Record<Market, Stories> = {
  crypto: {
    up: [
      {
        headline: "{name} climbs {move} as large holders withdraw coins from exchanges",
        cause: "Balances on trading venues fell to the lowest level in months, which leaves fewer coins for sale.",
      },
      {
        headline: "{name} rallies after network upgrade goes live without incident",
        cause:
          "Developers reported that the upgrade halves transaction fees and raises throughput; validators representing most of the stake had switched over before the deadline.",
      },
      {
        headline: "Short sellers are squeezed as {name} jumps {move}",
        cause:
          "Forced liquidations of leveraged short positions fed the advance, with funding rates turning sharply positive.",
      },
      {
        headline: "Payment processor adds {name} to its checkout, price gains {move}",
        cause: "The processor said merchants in forty countries would be able to settle in the token from next month.",
      },
      {
        headline: "Fund inflows lift {name} to a session high",
        cause:
          "Exchange-traded products recorded their largest daily inflow of the quarter, according to issuers' figures.",
      },
      {
        headline: "{name} surges as staking demand outpaces supply",
        cause:
          "The queue of validators waiting to enter grew to more than a week, a sign that holders prefer yield to selling.",
      },
    ],
    down: [
      {
        headline: "{name} slides {move} after exchange pauses withdrawals",
        cause:
          "The venue blamed maintenance of its wallets, but traders moved funds elsewhere and sold into thin order books.",
      },
      {
        headline: "Security researchers disclose bridge exploit, {name} falls {move}",
        cause:
          "Attackers drained a cross-chain bridge by forging a signature; the team has frozen the contract and offered a bounty.",
      },
      {
        headline: "Leveraged longs liquidated as {name} drops {move}",
        cause: "A cascade of margin calls pushed the price through several levels of support within minutes.",
      },
      {
        headline: "Dormant wallet moves a fortune in {name}, traders sell first",
        cause:
          "Coins untouched for years were sent to an address associated with a market maker, raising fears of a large sale.",
      },
      {
        headline: "Regulator's draft rules weigh on {name}",
        cause: "The proposal would require issuers to hold reserves in full and to register every wallet provider.",
      },
      {
        headline: "Validators miss blocks and {name} loses {move}",
        cause: "A faulty client release stalled part of the network for half an hour; a patch is being rolled out.",
      },
    ],
  },
  equity: {
    up: [
      {
        headline: "{name} jumps {move} after quarterly profit beats estimates",
        cause: "Revenue rose on strong demand and margins widened; management raised its outlook for the full year.",
      },
      {
        headline: "{name} wins multi-year contract, shares gain {move}",
        cause: "The order is among the largest in the company's history and will be delivered over four years.",
      },
      {
        headline: "Takeover interest lifts {name}",
        cause: "People familiar with the matter said that a larger rival had approached the board about a cash offer.",
      },
      {
        headline: "Analysts upgrade {name} on improving {sector} demand",
        cause: "The broker lifted its rating to buy and said that inventories at customers were finally lean.",
      },
      {
        headline: "{name} announces record share buyback",
        cause: "The board authorised the repurchase of up to eight percent of the stock and increased the dividend.",
      },
      {
        headline: "New product drives pre-orders at {name}, stock up {move}",
        cause: "Pre-orders in the first week were twice those of the previous generation, the company said.",
      },
      {
        headline: "Regulators clear {name}'s key application",
        cause:
          "The approval came two months earlier than expected and removes the main uncertainty of the coming year.",
      },
    ],
    down: [
      {
        headline: "{name} falls {move} after cutting its outlook",
        cause: "The company blamed weak orders and higher costs, and said that a recovery would take until next year.",
      },
      {
        headline: "Supply shortage halts production at {name}, shares drop {move}",
        cause: "A fire at a supplier's plant interrupted deliveries of a part for which there is no second source.",
      },
      {
        headline: "{name} discloses data breach affecting customers",
        cause:
          "Intruders had access to an internal system for three weeks; authorities have been informed and an investigation has begun.",
      },
      {
        headline: "Chief financial officer leaves {name} without a successor",
        cause: "The departure follows questions of auditors about the timing of revenue.",
      },
      {
        headline: "Antitrust inquiry weighs on {name}",
        cause: "Investigators asked rivals and customers about pricing in the {sector} business.",
      },
      {
        headline: "{name} recalls product over safety concerns, stock loses {move}",
        cause: "The recall covers units sold in the past two years; the cost was not quantified.",
      },
      {
        headline: "Large shareholder sells {name} stake at a discount",
        cause: "The block was placed with institutions overnight at a price below the last close.",
      },
    ],
  },
  fx: {
    up: [
      {
        headline: "{name} strengthens as central bank signals higher rates",
        cause:
          "Policy makers said that inflation was proving persistent and that another increase should not be ruled out.",
      },
      {
        headline: "Surprise in inflation data lifts {name}",
        cause:
          "Consumer prices rose more than economists had forecast, and traders pushed back the date of the first rate cut.",
      },
      {
        headline: "{name} gains {move} on strong jobs figures",
        cause: "Employers hired far more people than expected and wages accelerated.",
      },
      {
        headline: "Record trade surplus supports {name}",
        cause: "Exports of energy and machinery outpaced imports for the sixth month in a row.",
      },
    ],
    down: [
      {
        headline: "{name} weakens after dovish remarks by central bank governor",
        cause: "The governor said that the economy was slowing faster than projected and that rates could fall soon.",
      },
      {
        headline: "Political uncertainty drags {name} lower",
        cause:
          "The governing coalition lost its majority after a dispute about the budget, and early elections are possible.",
      },
      {
        headline: "{name} drops {move} as retail sales disappoint",
        cause: "Households cut spending for a third month, which raises the odds of a recession.",
      },
      {
        headline: "Intervention talk fails to stop slide of {name}",
        cause: "The finance ministry repeated that it would act against disorderly moves, but traders doubted it.",
      },
    ],
  },
};

/** Why a whole sector moved. */
export const SECTOR_STORIES: Record<Market, Stories> = {
  crypto: {
    up: [
      {
        headline: "Tokens of {sector} rally, led by {name}",
        cause: "Developers' activity and fees paid on chain rose together, and funds rotated out of larger coins.",
      },
      {
        headline: "Investors return to {sector} projects, {name} up {move}",
        cause: "A venture fund announced a new vehicle for the theme, the third this month.",
      },
    ],
    down: [
      {
        headline: "Sell-off hits {sector} tokens, {name} down {move}",
        cause: "A hack of a smaller protocol shook confidence in the whole group.",
      },
      {
        headline: "{sector} coins slump as unlocks approach, {name} loses {move}",
        cause: "Tokens held by early investors become tradable next week, and traders expect them to be sold.",
      },
    ],
  },
  equity: {
    up: [
      {
        headline: "Shares in {sector} advance on hopes for lower rates, {name} leads",
        cause: "Falling bond yields made future profits more valuable, and money moved into the sector.",
      },
      {
        headline: "Government programme boosts {sector} stocks such as {name}",
        cause: "Parliament passed tax credits for investments, of which {name} and {peer} are likely to benefit most.",
      },
    ],
    down: [
      {
        headline: "{sector} stocks tumble on fears of new tariffs, {name} down {move}",
        cause: "Officials are preparing duties on imported parts; {name} and {peer} depend on suppliers abroad.",
      },
      {
        headline: "Profit warnings spread through {sector}, {name} loses {move}",
        cause: "After a competitor cut its forecast, investors sold the whole group without waiting for more reports.",
      },
    ],
  },
  fx: {
    up: [
      {
        headline: "Currencies of {sector} firm against the dollar, {name} leads",
        cause: "The dollar gave back gains as traders priced in cuts by the Federal Reserve; {name} led.",
      },
      {
        headline: "Demand for bonds of {sector} pulls {name} higher",
        cause: "A government sale of long bonds drew record orders from abroad.",
      },
    ],
    down: [
      {
        headline: "Dollar strength pushes {sector} currencies lower, {name} most",
        cause: "Investors sought safety as shares fell; {name} lost the most.",
      },
      {
        headline: "Energy prices hurt currencies of {sector}, {name} slips {move}",
        cause: "Importers bought dollars to pay for oil and gas, which became dearer overnight.",
      },
    ],
  },
};

/** Quiet days have their news, too. */
export const CALM_STORIES: Record<Market, readonly Story[]> = {
  crypto: [
    {
      headline: "{name} trades in a narrow range as volumes thin out",
      cause: "Market makers described the session as quiet, with options pointing to little movement this week.",
    },
    {
      headline: "Developers of {name} publish roadmap for the coming year",
      cause: "Plans include cheaper transactions, wallets that recover from a lost phone, and a new testing network.",
    },
    {
      headline: "Options traders position for a larger move in {name}",
      cause: "Demand for contracts far from the current price rose, while the price itself hardly changed.",
    },
    {
      headline: "Custody bank begins to hold {name} for institutions",
      cause: "The bank said that pension funds had asked for a regulated place to keep the asset.",
    },
    {
      headline: "Study: who holds {name}, and for how long",
      cause: "Two thirds of the supply has not moved for a year, and small wallets keep growing in number.",
    },
    {
      headline: "University finds energy use of {name} lower than assumed",
      cause: "The study measured equipment at forty sites and argues that earlier estimates double counted.",
    },
  ],
  equity: [
    {
      headline: "{name} holds investor day and keeps its targets",
      cause: "Management explained its plans for {sector} and left the forecast unchanged.",
    },
    {
      headline: "{name} opens research centre and hires engineers",
      cause: "The site will employ three hundred people and work with a nearby university.",
    },
    {
      headline: "What analysts expect of {name} this quarter",
      cause: "The consensus sees single-digit growth; attention will be on margins and on orders from {peer}.",
    },
    {
      headline: "{name} names veteran of the industry to its board",
      cause: "The new director spent two decades in {sector} and will join the audit committee.",
    },
  ],
  fx: [
    {
      headline: "{name} steady before central bank decision",
      cause: "Economists expect no change in rates and look to the projections instead.",
    },
    {
      headline: "Hedging demand for {name} rises before holidays",
      cause: "Companies covered exposures early because trading desks will be thinly staffed next week.",
    },
    {
      headline: "Economists revise their forecasts for {name}",
      cause: "The median moved by less than one percent; differences in growth and in bond yields offset each other.",
    },
    {
      headline: "Week ahead: what could move {name}",
      cause: "Purchasing managers' surveys and a speech on monetary policy stand out in the calendar.",
    },
  ],
};
