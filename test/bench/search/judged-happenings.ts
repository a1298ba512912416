/** Something that happens to a company, told in several ways; `{c}` stands for its name, `{p}` for what it makes. */
export interface Happening {
  /** As articles tell it. */
  told: readonly [string, string, string, string];
  /** As somebody asks for it who does not know the articles: in other words. */
  asked: readonly [string, string];
}

// Written before searches were ranked by anything but meaning, and not changed since.
export const HAPPENINGS: readonly Happening[] = [
  {
    told: [
      "Workers at {c} walked out on Monday after talks about wages collapsed.",
      "A strike has halted most lines of {c}, the union said.",
      "{c} staff down tools over pay, stopping output of {p}.",
      "Labour dispute at {c} enters its second week with pickets at every gate.",
    ],
    asked: ["employees refusing to work", "industrial action stops production"],
  },
  {
    told: [
      "{c} reported quarterly profit well above what analysts had forecast.",
      "Earnings of {c} beat estimates as demand for {p} stayed strong.",
      "{c} posts record income and raises its outlook for the year.",
      "Results at {c} topped expectations, helped by better margins.",
    ],
    asked: ["better than expected financial results", "made more money than predicted"],
  },
  {
    told: [
      "{c} cut its guidance and warned that sales of {p} would fall short.",
      "A profit warning from {c} surprised investors on Thursday.",
      "{c} missed revenue forecasts and lowered its targets.",
      "Weak orders force {c} to trim its outlook for the second time.",
    ],
    asked: ["disappointing numbers and reduced expectations", "business doing worse than planned"],
  },
  {
    told: [
      "The chief executive of {c} will step down at the end of the month.",
      "{c} names a new CEO after the sudden departure of its head.",
      "Boardroom change at {c}: the long-serving boss resigns.",
      "{c} parted ways with its top manager and started a search.",
    ],
    asked: ["leader leaves the company", "change at the top of management"],
  },
  {
    told: [
      "{c} agreed to buy a smaller rival in an all-cash deal.",
      "Takeover: {c} acquires a maker of {p} to grow abroad.",
      "{c} and a competitor announced a merger of equals.",
      "Shareholders backed the acquisition proposed by {c}.",
    ],
    asked: ["purchase of another firm", "companies combining"],
  },
  {
    told: [
      "Regulators opened an antitrust investigation into {c}.",
      "The competition authority suspects {c} of fixing prices of {p}.",
      "{c} faces a probe over abuse of its market position.",
      "Officials raided the offices of {c} in a cartel inquiry.",
    ],
    asked: ["monopoly authorities look into conduct", "government examines unfair market power"],
  },
  {
    told: [
      "Hackers stole customer data from {c}, the firm confirmed.",
      "A ransomware attack took systems of {c} offline.",
      "{c} says intruders had access to its network for weeks.",
      "Cyberattack on {c} exposes records of millions of users.",
    ],
    asked: ["computer security breach", "criminals broke into the IT network"],
  },
  {
    told: [
      "{c} recalls {p} after reports of overheating.",
      "Safety defect: {c} asks owners to return {p}.",
      "A faulty part forces {c} into its largest recall so far.",
      "{c} pulls {p} from shelves following injuries.",
    ],
    asked: ["dangerous products taken back from customers", "quality problem hurts users"],
  },
  {
    told: [
      "{c} will cut two thousand jobs to save costs.",
      "Layoffs at {c} hit a tenth of its people.",
      "{c} announces a restructuring with heavy redundancies.",
      "Headcount at {c} shrinks as whole teams are dismissed.",
    ],
    asked: ["staff losing their positions", "firm gets rid of employees"],
  },
  {
    told: [
      "{c} raised its dividend and started a share buyback.",
      "Investors in {c} get more cash as the payout grows.",
      "{c} returns capital: the board approved repurchases of stock.",
      "The quarterly dividend of {c} rises by a fifth.",
    ],
    asked: ["money given back to shareholders", "owners receive larger distributions"],
  },
  {
    told: [
      "{c} suspended its dividend to preserve cash.",
      "No payout this year, {c} tells shareholders.",
      "{c} scraps the dividend for the first time in decades.",
      "The board of {c} halted distributions until debt falls.",
    ],
    asked: ["shareholders get nothing this time", "payments to owners stopped"],
  },
  {
    told: [
      "{c} filed for bankruptcy protection late on Friday.",
      "Insolvent: {c} seeks court help against its creditors.",
      "{c} runs out of money and enters administration.",
      "Creditors of {c} brace for losses after the collapse.",
    ],
    asked: ["company cannot pay its debts", "business goes under"],
  },
  {
    told: [
      "A fire destroyed a warehouse of {c} overnight.",
      "An explosion at a plant of {c} injured several people.",
      "Blaze at {c} interrupts deliveries of {p}.",
      "{c} shut a site after flames damaged its main building.",
    ],
    asked: ["accident burns down facility", "disaster at a factory"],
  },
  {
    told: [
      "Floods cut off the main site of {c} from its suppliers.",
      "A hurricane forced {c} to close its coastal terminals.",
      "Storm damage keeps {c} from shipping {p}.",
      "Heavy rain and landslides stopped operations of {c}.",
    ],
    asked: ["extreme weather disrupts operations", "natural catastrophe interrupts supply"],
  },
  {
    told: [
      "{c} wins a contract worth billions to deliver {p}.",
      "A ministry picked {c} for its largest order in years.",
      "{c} signs a long-term supply agreement with a big customer.",
      "{c} beat two rivals in the tender for {p}.",
    ],
    asked: ["big new order from a client", "awarded a large deal"],
  },
  {
    told: [
      "{c} loses its biggest customer to a rival.",
      "A key client cancels orders of {p} with {c}.",
      "{c} says a major contract will not be renewed.",
      "Order cancelled: {c} must do without its most important buyer.",
    ],
    asked: ["important buyer walks away", "deal terminated by client"],
  },
  {
    told: [
      "{c} unveiled a new generation of {p}.",
      "{c} launches cheaper {p} for young buyers.",
      "The latest {p} from {c} drew long queues.",
      "{c} shows prototypes of {p} ahead of next year's start of sales.",
    ],
    asked: ["introduction of a fresh product", "something new goes on sale"],
  },
  {
    told: [
      "Analysts at a large bank upgraded {c} to buy.",
      "{c} gets a higher price target from brokers.",
      "Brokerage turns bullish on {c}, citing demand for {p}.",
      "Two houses raised their rating of {c} on Tuesday.",
    ],
    asked: ["experts recommend the stock", "more optimistic view of the shares"],
  },
  {
    told: [
      "{c} was downgraded to sell by a leading broker.",
      "Rating agency lowers the credit grade of {c} to junk.",
      "Analysts turn cautious on {c} and cut targets.",
      "{c} loses its investment-grade rating.",
    ],
    asked: ["experts advise against the stock", "creditworthiness judged worse"],
  },
  {
    told: [
      "A shortage of chips slows production at {c}.",
      "{c} idles lines because suppliers cannot deliver parts.",
      "Bottlenecks in the supply chain hold back {c}.",
      "Missing components keep {c} from finishing {p}.",
    ],
    asked: ["not enough components available", "procurement trouble delays manufacturing"],
  },
  {
    told: [
      "New tariffs on {p} will hit {c} hard.",
      "{c} caught in trade war as duties on imports rise.",
      "Sanctions bar {c} from an important export market.",
      "Customs charges eat into what {c} earns abroad.",
    ],
    asked: ["import taxes hurt business", "international trade restrictions"],
  },
  {
    told: [
      "A court ordered {c} to pay damages to patients and users.",
      "{c} settles a lawsuit over {p} for a large sum.",
      "Jury finds {c} liable in a closely watched trial.",
      "{c} loses its appeal in a patent case.",
    ],
    asked: ["judges decide against the company", "legal battle costs money"],
  },
  {
    told: [
      "{c} will build a new plant and hire thousands.",
      "{c} invests heavily in a factory for {p} abroad.",
      "Expansion: {c} doubles its capacity for {p}.",
      "{c} breaks ground on its biggest site yet.",
    ],
    asked: ["opening additional production facilities", "growth spending on capacity"],
  },
  {
    told: [
      "Accounting irregularities at {c} delay its annual report.",
      "{c} restates earnings after auditors found errors.",
      "Former managers of {c} are charged with fraud.",
      "A whistleblower accuses {c} of inflating sales of {p}.",
    ],
    asked: ["books were manipulated", "dishonest bookkeeping discovered"],
  },
];

/** Said beside what happened: words that other happenings use too. */
export const BESIDE: readonly string[] = [
  "Shares moved little in early trading.",
  "Analysts had expected a quiet week before the next report.",
  "The company declined to comment on the order of events.",
  "Customers and suppliers were told by letter.",
  "Union leaders and the board will meet again next month.",
  "The market for the sector has been weak since the summer.",
  "Costs, orders and margins stay in the focus of investors.",
  "A court date, a tender and a plant visit are on the calendar.",
];

/** Companies by what they make. None of them exists. */
export const COMPANIES: Readonly<Record<string, readonly string[]>> = {
  "electric cars": [
    "Voltara Motors",
    "Kestrel Auto",
    "Brightwheel",
    "Norrland Drive",
    "Sagamore Vehicles",
    "Peregrine Cars",
  ],
  smartphones: [
    "Lumen Devices",
    "Hexaphone",
    "Parallax Mobile",
    "Oriole Handsets",
    "Tactile Labs",
    "Signalfire Phones",
  ],
  "copper cathodes": [
    "Atacama Minerals",
    "Redrock Metals",
    "Cuprix",
    "Andes Lode",
    "Zambezi Mining",
    "Highland Copper",
  ],
  vaccines: ["Helixon Pharma", "Immunara", "Corvid Biotech", "Serapeum Health", "Aldertree Therapeutics", "Novasera"],
  "memory chips": ["Silicore", "Nanoforge", "Quartzbit", "Lattice Peak", "Deepstack Semiconductor", "Gallium Works"],
  "passenger jets": [
    "Aerolux",
    "Stratowing",
    "Condor Airframes",
    "Meridian Aviation",
    "Halcyon Aircraft",
    "Skylark Aerospace",
  ],
  "crude oil": [
    "Borealis Petroleum",
    "Gulfstar Energy",
    "Saltmarsh Oil",
    "Permafrost Resources",
    "Tidewater Crude",
    "Ironwell Petroleum",
  ],
  "breakfast cereals": [
    "Goldmeadow Foods",
    "Harvestone",
    "Crispley",
    "Sunrise Mills",
    "Oatwell Brands",
    "Brookfield Grains",
  ],
  "cloud software": ["Nimbusoft", "Stackharbor", "Ledgerline", "Cirrus Works", "Tessellate", "Paperlane"],
  "wind turbines": ["Galeforce Power", "Windhelm", "Bladeworks", "Zephyr Renewables", "Northgust", "Seabreeze Energy"],
};
