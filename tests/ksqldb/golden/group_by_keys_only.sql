-- Bars of quotes, made by barloom from their definition. Change that, not this file.

-- Promised:
-- * Open and close are chosen by event time (whole milliseconds, not before 1970), then by the offset.
-- * Numbers are exact decimals. Sums have 38 digits. One that needs more stops its query, it never wraps.
-- * A parent is made of its final children: their highs and lows, their sums, their counts.
-- * A final is written once, when a later tick (or a later child) arrives in its partition and not before: the
--   last bars stay open until then.
-- * A live table shows the final children that its window has so far. The last record of a window wins.

-- Late data and duplicates:
-- * A tick counts as long as the end of its 1m window plus 2 seconds is later than the largest event time that
--   its partition has seen. After that it is dropped: it is in no bar and in no topic, and nothing reports it.
-- * A tick that lacks what it must have, or that the filter leaves out, is in no bar and does not count as seen.
-- * A tick far in the future closes everything before it. ksqlDB does not check for that.
-- * A tick that is produced twice counts twice, because ksqlDB does not compare ids.
-- * A crash of the server neither loses nor doubles anything, because of exactly_once_v2. Readers need
--   isolation.level=read_committed.
-- * Pull queries on a final table also show windows that are still open. Finals are the records of its topic.
-- * Where a partition has no tick for more than 7 days, the windows that were open then may be lost.

-- Must be true, or bars are lost or wrong:
-- * The properties that are SET below go with every statement.
-- * All topics have 3 partitions, all statements the key schema barloom.BarKey.
-- * Producers of ticks write keys with the schema registered as ticks-key and choose the partition by murmur2 of
--   the bytes of the key (librdkafka: partitioner=murmur2_random, not its default).
-- * Ticks are read within 7 days of their own time (--retention). What works on a bar is kept that long from the
--   time of its ticks on, whenever they are read, so that of older ones, such as history that is replayed, bars
--   may be lost. Final bars are kept as the definition says.
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
  venue VARCHAR KEY,
  desk BIGINT KEY,
  symbol VARCHAR KEY,
  `AT` TIMESTAMP,
  side VARCHAR,
  live BOOLEAN,
  bid DECIMAL(18, 6),
  ask DECIMAL(18, 6),
  `SIZE` DECIMAL(18, 2)
) WITH (
  KAFKA_TOPIC = 'ticks',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 1,
  RETENTION_MS = 604800000,
  TIMESTAMP = '`AT`'
);

CREATE TABLE quotes_final_1m WITH (
  KAFKA_TOPIC = 'quotes_final_1m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 1,
  RETENTION_MS = 3153600000000
) AS SELECT
  venue,
  desk,
  symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MIN(LPAD(CAST(UNIX_TIMESTAMP(`AT`) AS VARCHAR), 15, '0') + ':' + LPAD(CAST(ROWOFFSET AS VARCHAR), 19, '0') + ':' + CAST(bid AS VARCHAR)), ':')[3] AS DECIMAL(18, 6)) AS open,
  CAST(SPLIT(MAX(CASE WHEN ask IS NOT NULL THEN LPAD(CAST(UNIX_TIMESTAMP(`AT`) AS VARCHAR), 15, '0') + ':' + LPAD(CAST(ROWOFFSET AS VARCHAR), 19, '0') + ':' + CAST(CAST((bid + ask) * 0.5 AS DECIMAL(20, 7)) AS VARCHAR) END), ':')[3] AS DECIMAL(20, 7)) AS mid,
  SUM(CASE WHEN side = 'buy' THEN CAST(`SIZE` AS DECIMAL(38, 2)) END) AS bought,
  COUNT(CASE WHEN `SIZE` IS NOT NULL THEN 1 END) AS fills,
  COUNT(CASE WHEN ask IS NOT NULL AND ask - bid >= 0.001 THEN 1 END) AS wide,
  MAX(ask) AS best,
  MIN(`AT`) AS open_time,
  MAX(`AT`) AS close_time
FROM ticks
WINDOW TUMBLING (SIZE 1 MINUTES, RETENTION 7 DAYS, GRACE PERIOD 2 SECONDS)
WHERE side IS NOT NULL AND live IS NOT NULL AND bid IS NOT NULL AND (bid > 0.1 AND (side <> 'x' AND ask >= bid) AND live = TRUE)
GROUP BY venue, desk, symbol
EMIT FINAL;

CREATE STREAM quotes_final_1m_s (
  venue VARCHAR KEY,
  desk BIGINT KEY,
  symbol VARCHAR KEY,
  bucket_start TIMESTAMP,
  bucket_end TIMESTAMP,
  open DECIMAL(18, 6),
  mid DECIMAL(20, 7),
  bought DECIMAL(38, 2),
  fills BIGINT,
  wide BIGINT,
  best DECIMAL(18, 6),
  open_time TIMESTAMP,
  close_time TIMESTAMP
) WITH (
  KAFKA_TOPIC = 'quotes_final_1m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 1,
  RETENTION_MS = 3153600000000,
  WINDOW_TYPE = 'TUMBLING',
  WINDOW_SIZE = '1 MINUTES',
  TIMESTAMP = 'bucket_start'
);

CREATE TABLE quotes_final_15m WITH (
  KAFKA_TOPIC = 'quotes_final_15m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 1,
  RETENTION_MS = 3153600000000
) AS SELECT
  venue,
  desk,
  symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MIN(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(open AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS open,
  CAST(SPLIT(MAX(CASE WHEN mid IS NOT NULL THEN LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(mid AS VARCHAR) END), ':')[2] AS DECIMAL(20, 7)) AS mid,
  SUM(bought) AS bought,
  SUM(fills) AS fills,
  SUM(wide) AS wide,
  MAX(best) AS best,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM quotes_final_1m_s
WINDOW TUMBLING (SIZE 15 MINUTES, RETENTION 7 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY venue, desk, symbol
EMIT FINAL;

CREATE TABLE quotes_live_15m WITH (
  KAFKA_TOPIC = 'quotes_live_15m',
  KEY_FORMAT = 'AVRO',
  KEY_SCHEMA_FULL_NAME = 'barloom.BarKey',
  VALUE_FORMAT = 'AVRO',
  PARTITIONS = 3,
  REPLICAS = 1,
  RETENTION_MS = 604800000
) AS SELECT
  venue,
  desk,
  symbol,
  FROM_UNIXTIME(WINDOWSTART) AS bucket_start,
  FROM_UNIXTIME(WINDOWEND) AS bucket_end,
  CAST(SPLIT(MIN(LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(open AS VARCHAR)), ':')[2] AS DECIMAL(18, 6)) AS open,
  CAST(SPLIT(MAX(CASE WHEN mid IS NOT NULL THEN LPAD(CAST(UNIX_TIMESTAMP(bucket_start) AS VARCHAR), 15, '0') + ':' + CAST(mid AS VARCHAR) END), ':')[2] AS DECIMAL(20, 7)) AS mid,
  SUM(bought) AS bought,
  SUM(fills) AS fills,
  SUM(wide) AS wide,
  MAX(best) AS best,
  MIN(open_time) AS open_time,
  MAX(close_time) AS close_time
FROM quotes_final_1m_s
WINDOW TUMBLING (SIZE 15 MINUTES, RETENTION 7 DAYS, GRACE PERIOD 0 SECONDS)
GROUP BY venue, desk, symbol
EMIT CHANGES;
