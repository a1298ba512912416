-- What an anomaly was held against; null for signals of other kinds.
ALTER TABLE signals ADD COLUMN evidence jsonb;
