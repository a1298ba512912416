CREATE TABLE instruments (
  symbol text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  venue text NOT NULL,
  venue_symbol text NOT NULL,
  class text NOT NULL,
  source text NOT NULL
);

-- Final bars of a minute and longer. Partitioned by interval, then by time, so that old ones go by dropping a table; the
-- writer makes the partitions of time when the first bar of one comes (bars_m1_202408 and the like).
CREATE TABLE bars (
  symbol text COLLATE "C" NOT NULL,
  interval text NOT NULL,
  opened_at timestamptz NOT NULL,
  open numeric NOT NULL,
  high numeric NOT NULL,
  low numeric NOT NULL,
  close numeric NOT NULL,
  volume numeric NOT NULL,
  vwap numeric,
  trade_count bigint NOT NULL,
  revision integer NOT NULL,
  PRIMARY KEY (interval, symbol, opened_at)
) PARTITION BY LIST (interval);

CREATE TABLE bars_m1 PARTITION OF bars FOR VALUES IN ('M1') PARTITION BY RANGE (opened_at);
CREATE TABLE bars_m5 PARTITION OF bars FOR VALUES IN ('M5') PARTITION BY RANGE (opened_at);
CREATE TABLE bars_h1 PARTITION OF bars FOR VALUES IN ('H1') PARTITION BY RANGE (opened_at);
CREATE TABLE bars_d1 PARTITION OF bars FOR VALUES IN ('D1') PARTITION BY RANGE (opened_at);
