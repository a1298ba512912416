-- What CHANGE_PERCENT is measured from, as of the consumer's positions.
CREATE TABLE day_opens (
  symbol text PRIMARY KEY,
  day date NOT NULL,
  -- In units of 1e-9, like every price inside.
  open_e9 numeric(30, 0) NOT NULL
);
