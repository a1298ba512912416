-- What sensors measure, and which instruments they say something about.
CREATE TABLE sensors (
  id text COLLATE "C" PRIMARY KEY,
  source text NOT NULL,
  metric text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL,
  unit text NOT NULL,
  symbols text[] COLLATE "C" NOT NULL,
  defined_at timestamptz NOT NULL
);
CREATE INDEX sensors_symbols ON sensors USING gin (symbols);

-- Partitioned by time, so that old ones go by dropping a table; the writer makes a month's partition when its first reading
-- comes (sensor_readings_202603 and the like). Nanoseconds since 1970: timestamptz has microseconds.
CREATE TABLE sensor_readings (
  sensor_id text COLLATE "C" NOT NULL,
  at_nanos bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  value numeric NOT NULL,
  unit text,
  PRIMARY KEY (sensor_id, at_nanos, id)
) PARTITION BY RANGE (at_nanos);
