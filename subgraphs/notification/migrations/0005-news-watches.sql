-- What users want to be told about when news of it comes. What is like it is found elsewhere, which knows no users.
CREATE TABLE news_watches (
  id uuid PRIMARY KEY,
  user_id text NOT NULL,
  version int NOT NULL DEFAULT 1,
  query text NOT NULL,
  symbols text[] NOT NULL,
  similarity_least double precision NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_matched_at timestamptz
);
CREATE INDEX news_watches_by_user ON news_watches (user_id, created_at);

ALTER TABLE notifications
  ADD COLUMN watch_id uuid REFERENCES news_watches ON DELETE SET NULL,
  ADD COLUMN article_id text;
-- A watch that is deleted is looked for in all notifications.
CREATE INDEX notifications_of_watch ON notifications (watch_id);
