-- Trained models. A row is never changed, so that a forecast can be traced to what made it.
CREATE TABLE models (
  id uuid PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  symbol text COLLATE "C" NOT NULL,
  target text NOT NULL,
  interval text NOT NULL,
  horizon int NOT NULL,
  kind text NOT NULL,
  version int NOT NULL,
  spec jsonb NOT NULL,
  trained jsonb NOT NULL,
  lineage jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (symbol, target, interval, horizon, kind, version)
);

-- Who was champion when: only ever added to, the newest row of a slot says who is. `replaces` is the row that a roll back
-- goes back to.
CREATE TABLE model_promotions (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  symbol text COLLATE "C" NOT NULL,
  target text NOT NULL,
  interval text NOT NULL,
  horizon int NOT NULL,
  model_id uuid NOT NULL REFERENCES models,
  replaces bigint REFERENCES model_promotions,
  kind text NOT NULL,
  note text,
  requested_by text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX model_promotions_by_slot ON model_promotions (symbol, target, interval, horizon, number DESC);
CREATE INDEX model_promotions_by_model ON model_promotions (model_id, number);

-- Training and backtests, as they wait, run and end.
CREATE TABLE model_jobs (
  id uuid PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  kind text NOT NULL,
  state text NOT NULL,
  requested_by text NOT NULL,
  task jsonb NOT NULL,
  progress double precision NOT NULL DEFAULT 0,
  revision int NOT NULL DEFAULT 0,
  attempts int NOT NULL DEFAULT 0,
  -- Which run of it is under way; another one may take over behind `lease_until`.
  run uuid,
  lease_until timestamptz,
  model_id uuid REFERENCES models,
  result jsonb,
  error_code text,
  error_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX model_jobs_open ON model_jobs (state, number) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX model_jobs_by_user ON model_jobs (requested_by, started_at);
