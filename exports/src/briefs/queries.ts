const ARTICLE = "title source publishedAt url sentiment";
const SIGNAL = `kind direction score at explanation
    evidence { metric method interval threshold value baseline from to }`;
const TRACK = `
fragment Track on ForecastTrack {
  coverage judged inside loss baselineLoss
  points { at until value baseline lower upper actual inSample }
  model {
    id kind target interval horizon version
    instrument { symbol name source }
    trainedOn { from to examples barInterval measure }
    metrics { assessment }
    lineage { dataset }
  }
}`;

export const MARKET_QUERY = `query MarketBriefPage($date: Date) {
  marketBrief(date: $date) {
    date from to final
    breadth {
      asOf instruments advancing declining unchanged advancingVolumeShare aboveAverageShare newHighs newLows
    }
    regimes { trendingUp trendingDown ranging turbulent unknown }
    risers: movers(direction: UP, first: 10) { ...Mover }
    fallers: movers(direction: DOWN, first: 10) { ...Mover }
    anomalies(first: 10) { ${SIGNAL} instrument { symbol name source } }
    signalCounts { kind count }
    forecasts(first: 4, periods: 20) { ...Track }
    stories(first: 8) { articleCount articles(first: 1) { ${ARTICLE} } }
    gaps { part reason }
  }
}
fragment Mover on InstrumentBrief {
  rank
  standing { asOf price changePercent volume tradedValue }
  instrument { symbol name class source }
  news(first: 1) { ${ARTICLE} }
}${TRACK}`;

export const INSTRUMENT_QUERY = `query InstrumentBriefPage($symbol: ID!, $date: Date) {
  instrument(symbol: $symbol) {
    symbol name venue class source
    brief(date: $date) {
      date from to final rank
      standing { asOf price changePercent volume tradedValue }
      regime { kind direction asOf explanation }
      bars { interval nodes { openedAt high low close volume } }
      signals(first: 20) { ${SIGNAL} }
      signalCounts { kind count }
      forecasts(first: 4, periods: 30) { ...Track }
      news(first: 10) { ${ARTICLE} }
      gaps { part reason }
    }
  }
}${TRACK}`;
