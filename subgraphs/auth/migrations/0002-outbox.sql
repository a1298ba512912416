CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  key text,
  channel text NOT NULL,
  event_id text NOT NULL,
  traceparent text,
  value text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
