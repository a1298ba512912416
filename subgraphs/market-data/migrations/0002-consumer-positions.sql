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
