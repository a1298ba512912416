-- Trades that are older than the engine's memory, partitioned by the time at which they happened, so that old ones go by dropping a
-- table; the writer makes a partition when the first trade of its six hours comes (trades_20240808_12 and the like). Times are
-- nanoseconds since 1970, prices and sizes units of 1e-9: nothing is rounded.
--
-- A trade is known by its position (epoch, sequence, ordinal). The key has the time in it because a partition's key must, and the
-- venue's id instead of the epoch: a position has one time and one id, so no position is written twice, and a trade that is published
-- again in a later epoch, because history was lost, is the same row.
CREATE TABLE trades (
  symbol text COLLATE "C" NOT NULL,
  at_ns bigint NOT NULL,
  sequence bigint NOT NULL,
  ordinal bigint NOT NULL,
  trade_id text COLLATE "C" NOT NULL,
  price_e9 bigint NOT NULL,
  size_e9 bigint NOT NULL,
  side text,
  epoch uuid NOT NULL,
  PRIMARY KEY (symbol, at_ns, sequence, ordinal, trade_id)
) PARTITION BY RANGE (at_ns);

CREATE INDEX trades_by_id ON trades (symbol, trade_id);
