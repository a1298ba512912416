-- Final bars of a minute and longer, for ranges that are older than the windows. Written with the windows and the positions.
CREATE TABLE bars (
  symbol text COLLATE "C" NOT NULL,
  interval text NOT NULL,
  opened_at timestamptz NOT NULL,
  open double precision NOT NULL,
  high double precision NOT NULL,
  low double precision NOT NULL,
  close double precision NOT NULL,
  volume double precision NOT NULL,
  revision integer NOT NULL,
  PRIMARY KEY (interval, symbol, opened_at)
);
CREATE INDEX bars_by_time ON bars (interval, opened_at);
