CREATE TABLE rules (
  id uuid PRIMARY KEY,
  user_id text NOT NULL,
  version int NOT NULL DEFAULT 1,
  symbol text NOT NULL,
  metric text NOT NULL,
  comparison text NOT NULL,
  -- In units of 1e-9, like every price inside.
  threshold_e9 numeric(30, 0) NOT NULL,
  interval text,
  note text,
  -- Whether it can fire: false from when it fired until its condition was false again.
  armed boolean NOT NULL DEFAULT true,
  -- Whether the other side was seen since it was made: a crossing needs one.
  primed boolean NOT NULL,
  -- How often it was armed; with the version it names a firing.
  arming int NOT NULL DEFAULT 0,
  last_fired_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rules_by_user ON rules (user_id, created_at);
CREATE INDEX rules_by_symbol ON rules (symbol);

CREATE TABLE notifications (
  id uuid PRIMARY KEY,
  user_id text NOT NULL,
  rule_id uuid REFERENCES rules ON DELETE SET NULL,
  symbol text,
  title text NOT NULL,
  body text NOT NULL,
  value text,
  at timestamptz NOT NULL,
  read_at timestamptz,
  number bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX notifications_newest ON notifications (user_id, number DESC);

-- The closes that RSI rules are computed from, as of the consumer's positions.
CREATE TABLE closes (
  symbol text NOT NULL,
  interval text NOT NULL,
  closes double precision[] NOT NULL,
  opened_at timestamptz NOT NULL,
  PRIMARY KEY (symbol, interval)
);
