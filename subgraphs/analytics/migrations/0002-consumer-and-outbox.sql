CREATE TABLE consumer_positions (
  consumer text NOT NULL,
  topic text NOT NULL,
  partition int NOT NULL,
  next_offset bigint NOT NULL,
  epoch text,
  id text,
  event_ids text[] NOT NULL,
  PRIMARY KEY (consumer, topic, partition)
);

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
