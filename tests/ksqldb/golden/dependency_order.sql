-- Bars of bars, made by barloom from their definition. Change that, not this file.

-- Promised:
-- * Open and close are chosen by event time (whole milliseconds, not before 1970), then by the offset.
-- * Numbers are exact decimals. Sums have 38 digits. One that needs more stops its query, it never wraps.
-- * A parent is made of its final children: their highs and lows, their sums, their counts.
-- * A final is written once, when a later tick (or a later child) arrives in its partition and not before: the
--   last bars stay open until then.
-- * A live table shows the final children that its window has so far. The last record of a window wins.

-- Late data and duplicates:
-- * A tick counts as long as the end of its 1s window plus 2 seconds is later than the largest event time that
--   its partition has seen. After that it is dropped: it is in no bar and in no topic, and nothing reports it.
-- * A tick that lacks what it must have is in no bar and does not count as seen.
-- * A tick far in the future closes everything before it. ksqlDB does not check for that.
-- * A tick that is produced twice counts twice, because ksqlDB does not compare ids.
-- * A crash of the server neither loses nor doubles anything, because of exactly_once_v2. Readers need
--   isolation.level=read_committed.
-- * Pull queries on a final table also show windows that are still open. Finals are the records of its topic.
-- * Where a partition has no tick for more than 14 days, the windows that were open then may be lost.

-- Must be true, or bars are lost or wrong:
-- * The properties that are SET below go with every statement.
-- * All topics have 3 partitions, all statements the key schema barloom.BarKey.
-- * Producers of ticks write keys with the schema registered as ticks-key and choose the partition by murmur2 of
--   the bytes of the key (librdkafka: partitioner=murmur2_random, not its default).
-- * Ticks are read within 14 days of their own time (--retention). What works on a bar is kept that long from
--   the time of its ticks on, whenever they are read, so that of older ones, such as history that is replayed,
--   bars may be lost. Final bars are kept as the definition says.
-- * Statements are not run again with IF NOT EXISTS, which silently keeps another statement of that name.

-- Left out:
-- * clock: ksqlDB closes a bar only when a later tick arrives in the same partition, never by the clock.
-- * completeness: ksqlDB does not know how many children a bar should have: no slots, filled, expected_slots,
--   partial, revision.
-- * side-output: ksqlDB drops late and unreadable ticks without a record of them.

SET 'ksql.streams.auto.offset.reset' = 'earliest';
SET 'ksql.streams.__emit.interval.ms.kstreams.windowed.aggregation__' = '0';
SET 'processing.guarantee' = 'exactly_once_v2';

CREATE STREAM ticks (
  symbol VARCHAR KEY,
  `AT` TIMESTAMP,
  price DECIMAL(18, 6),
  `SIZE` DECIMAL(18, 2)
) WITH (
  KAFKA_TOPIC = 'ticks',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000,
  TIMESTAMP = '`AT`'
);

CREATE TABLE bars_final_1s WITH (
  KAFKA_TOPIC = 'bars_final_1s',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000
) AS SELECT
  symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(`AT`) AS VARCHAR), 15, '0') + ':' + LPAD(CAST(ROWOFFSET AS VARCHAR), 19, '0') + ':' + CAST(price AS VARCHAR)), ':')[3] AS DECIMAL(18, 6)) AS close,
  MIN(`AT`) AS open_time,
  MAX(`AT`) AS close_time
FROM ticks
WINDOW TUMBLING (SIZE 1 SECONDS, RETENTION 14 DAYS, GRACE PERIOD 2 SECONDS)
WHERE price IS NOT NULL AND `SIZE` IS NOT NULL
GROUP BY symbol
EMIT FINAL;

CREATE STREAM bars_final_1s_s (
  symbol VARCHAR KEY,
  bucket_start TIMESTAMP,
  bucket_end TIMESTAMP,
  close DECIMAL(18, 6),
  open_time TIMESTAMP,
  close_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'bars_final_1s',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000,
  WINDOW_TYPE = 'TUMBLING',
  WINDOW_SIZE = '1 SECONDS',
  TIMESTAMP = 'bucket_start'
);

CREATE TABLE bars_final_5s WITH (
  KAFKA_TOPIC = 'bars_final_5s',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_1s_s
WINDOW TUMBLING (SIZE 5 SECONDS, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT FINAL;

CREATE TABLE bars_live_5s WITH (
  KAFKA_TOPIC = 'bars_live_5s',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_1s_s
WINDOW TUMBLING (SIZE 5 SECONDS, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT CHANGES;

CREATE STREAM bars_final_5s_s (
  symbol VARCHAR KEY,
  bucket_start TIMESTAMP,
  bucket_end TIMESTAMP,
  close DECIMAL(18, 6),
  open_time TIMESTAMP,
  close_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'bars_final_5s',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000,
  WINDOW_TYPE = 'TUMBLING',
  WINDOW_SIZE = '5 SECONDS',
  TIMESTAMP = 'bucket_start'
);

CREATE TABLE bars_final_1m WITH (
  KAFKA_TOPIC = 'bars_final_1m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_5s_s
WINDOW TUMBLING (SIZE 1 MINUTES, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT FINAL;

CREATE TABLE bars_live_1m WITH (
  KAFKA_TOPIC = 'bars_live_1m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_5s_s
WINDOW TUMBLING (SIZE 1 MINUTES, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT CHANGES;

CREATE STREAM bars_final_1m_s (
  symbol VARCHAR KEY,
  bucket_start TIMESTAMP,
  bucket_end TIMESTAMP,
  close DECIMAL(18, 6),
  open_time TIMESTAMP,
  close_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'bars_final_1m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000,
  WINDOW_TYPE = 'TUMBLING',
  WINDOW_SIZE = '1 MINUTES',
  TIMESTAMP = 'bucket_start'
);

CREATE TABLE bars_final_15m WITH (
  KAFKA_TOPIC = 'bars_final_15m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_1m_s
WINDOW TUMBLING (SIZE 15 MINUTES, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT FINAL;

CREATE TABLE bars_live_15m WITH (
  KAFKA_TOPIC = 'bars_live_15m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_1m_s
WINDOW TUMBLING (SIZE 15 MINUTES, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT CHANGES;

CREATE STREAM bars_final_15m_s (
  symbol VARCHAR KEY,
  bucket_start TIMESTAMP,
  bucket_end TIMESTAMP,
  close DECIMAL(18, 6),
  open_time TIMESTAMP,
  close_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'bars_final_15m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000,
  WINDOW_TYPE = 'TUMBLING',
  WINDOW_SIZE = '15 MINUTES',
  TIMESTAMP = 'bucket_start'
);

CREATE TABLE bars_final_1h WITH (
  KAFKA_TOPIC = 'bars_final_1h',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_15m_s
WINDOW TUMBLING (SIZE 1 HOURS, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT FINAL;

CREATE TABLE bars_live_1h WITH (
  KAFKA_TOPIC = 'bars_live_1h',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_15m_s
WINDOW TUMBLING (SIZE 1 HOURS, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT CHANGES;

CREATE STREAM bars_final_1h_s (
  symbol VARCHAR KEY,
  bucket_start TIMESTAMP,
  bucket_end TIMESTAMP,
  close DECIMAL(18, 6),
  open_time TIMESTAMP,
  close_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'bars_final_1h',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000,
  WINDOW_TYPE = 'TUMBLING',
  WINDOW_SIZE = '1 HOURS',
  TIMESTAMP = 'bucket_start'
);

CREATE TABLE bars_final_4h WITH (
  KAFKA_TOPIC = 'bars_final_4h',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_1h_s
WINDOW TUMBLING (SIZE 4 HOURS, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT FINAL;

CREATE TABLE bars_live_4h WITH (
  KAFKA_TOPIC = 'bars_live_4h',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_1h_s
WINDOW TUMBLING (SIZE 4 HOURS, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT CHANGES;

CREATE STREAM bars_final_4h_s (
  symbol VARCHAR KEY,
  bucket_start TIMESTAMP,
  bucket_end TIMESTAMP,
  close DECIMAL(18, 6),
  open_time TIMESTAMP,
  close_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'bars_final_4h',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 3153600000000,
  WINDOW_TYPE = 'TUMBLING',
  WINDOW_SIZE = '4 HOURS',
  TIMESTAMP = 'bucket_start'
);

CREATE TABLE bars_final_1d WITH (
  KAFKA_TOPIC = 'bars_final_1d',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 2592000000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_4h_s
WINDOW TUMBLING (SIZE 1 DAYS, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT FINAL;

CREATE TABLE bars_live_1d WITH (
  KAFKA_TOPIC = 'bars_live_1d',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 3,
  RETENTION_MS = 1209600000
) AS SELECT
  CAST(symbol AS VARCHAR) AS symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MAX(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(close AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS close,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM bars_final_4h_s
WINDOW TUMBLING (SIZE 1 DAYS, RETENTION 14 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY CAST(symbol AS VARCHAR)
EMIT CHANGES;
