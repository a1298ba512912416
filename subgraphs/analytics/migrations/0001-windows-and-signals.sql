-- The windows of final bars as of the positions beside them: both are written in one transaction.
CREATE TABLE windows (
  symbol text NOT NULL,
  interval text NOT NULL,
  bars bytea NOT NULL,
  PRIMARY KEY (symbol, interval)
);

CREATE TABLE signals (
  id text PRIMARY KEY,
  symbol text NOT NULL,
  interval text NOT NULL,
  kind text NOT NULL,
  direction text,
  score double precision NOT NULL,
  at timestamptz NOT NULL,
  explanation text NOT NULL,
  number bigint GENERATED ALWAYS AS IDENTITY
);
-- Newest first, for all instruments and for some.
CREATE INDEX signals_by_time ON signals (at DESC, number DESC);
CREATE INDEX signals_by_symbol ON signals (symbol, at DESC, number DESC);
