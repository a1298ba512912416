-- How much of the news that watches found in an hour was put into each inbox, and how much was left out. Rows of hours that are
-- over are gone.
CREATE TABLE news_hours (
  user_id text NOT NULL,
  hour timestamptz NOT NULL,
  told int NOT NULL,
  left_out int NOT NULL,
  PRIMARY KEY (user_id, hour)
);
