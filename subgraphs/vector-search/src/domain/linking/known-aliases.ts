/**
 * What people call coins, currencies and companies, beside what the definitions of instruments say. Those in lower case are
 * common nouns of the market's language and count however they are written.
 */

/** By the coin's code: venues that name a pair by its codes alone say no more. */
export const COIN_ALIASES: Readonly<Record<string, readonly string[]>> = {
  BTC: ["bitcoin", "bitcoins", "XBT"],
  ETH: ["ethereum", "ether"],
  SOL: ["Solana"],
  XRP: ["Ripple"],
  BNB: ["Binance Coin"],
  DOGE: ["dogecoin"],
  ADA: ["Cardano"],
  AVAX: ["Avalanche"],
  LINK: ["Chainlink"],
  DOT: ["Polkadot"],
  MATIC: ["Polygon"],
  POL: ["Polygon"],
  TRX: ["Tron"],
  LTC: ["litecoin"],
  BCH: ["Bitcoin Cash"],
  ETC: ["Ethereum Classic"],
  UNI: ["Uniswap"],
  ATOM: ["Cosmos"],
  XLM: ["Stellar"],
  XMR: ["Monero"],
  ZEC: ["Zcash"],
  ALGO: ["Algorand"],
  FIL: ["Filecoin"],
  NEAR: ["NEAR Protocol"],
  APT: ["Aptos"],
  ARB: ["Arbitrum"],
  OP: ["Optimism"],
  AAVE: ["Aave"],
  MKR: ["Maker", "MakerDAO"],
  SHIB: ["Shiba Inu"],
  TON: ["Toncoin"],
};

/** By the currency's ISO code: names that are no amounts, and nicknames of dealers. */
export const CURRENCY_ALIASES: Readonly<Record<string, readonly string[]>> = {
  EUR: ["euro"],
  GBP: ["sterling", "pound", "British pound"],
  JPY: ["yen"],
  CHF: ["Swiss franc", "franc"],
  AUD: ["Australian dollar", "Aussie", "Aussie dollar"],
  NZD: ["New Zealand dollar", "kiwi dollar"],
  CAD: ["Canadian dollar", "loonie"],
  SEK: ["Swedish krona", "Swedish crown"],
  NOK: ["Norwegian krone", "Norwegian crown"],
  PLN: ["zloty"],
  HUF: ["forint"],
  TRY: ["lira", "Turkish lira"],
  ZAR: ["rand"],
  MXN: ["peso", "Mexican peso"],
  CNH: ["yuan", "offshore yuan", "renminbi"],
  SGD: ["Singapore dollar"],
  USD: ["dollar", "US dollar", "greenback"],
};

/** By a company's name without its legal form, in lower case. */
export const COMPANY_ALIASES: Readonly<Record<string, readonly string[]>> = {
  alphabet: ["Google"],
  "meta platforms": ["Meta", "Facebook"],
  "ford motor": ["Ford"],
  "dell technologies": ["Dell"],
  "coca-cola": ["Coke"],
  "johnson & johnson": ["J&J"],
  "international business machines": ["IBM"],
  "general electric": ["GE"],
  "exxon mobil": ["Exxon"],
  "jpmorgan chase &": ["JPMorgan"],
};
